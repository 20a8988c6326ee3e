"""The log and the views of a deployment, as a projector uses them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from infra.postgres.store.log import PostgresLog
from infra.postgres.views.views import PostgresViews
from tests.integration.shop import ShopViews, open_shop


@pytest.fixture
def log(deployment, owners):
    with deployment.pool("projector") as pool:
        yield PostgresLog(pool, owners.keys, session=timedelta(seconds=5))


@pytest.fixture
def views(deployment, owners):
    with deployment.pool("projector") as pool:
        yield PostgresViews(pool, owners.keys)


@pytest.fixture
def shop_views(store, log, views, owners, deployment):
    open_shop(store)
    with deployment.pool("projector") as pool:
        yield ShopViews(store, log, views, owners.keys, pool)
