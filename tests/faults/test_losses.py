"""The two losses of `losses.py`, once each and short."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.faults import losses
from tests.frontdoor import Front

SEED = 20260301


@pytest.fixture
def front(tmp_path, own_broker):
    return Front(
        tmp_path / "home",
        (
            ("ORDERMADE_KAFKA", own_broker.address),
            ("ORDERMADE_KAFKA_TOPICS", f"test-{uuid4().hex}"),
            ("ORDERMADE_LINGER_S", "0.1"),
            ("ORDERMADE_SESSION_S", "0.5"),
        ),
    )


def test_postgres_is_restored_from_an_older_backup(front):
    print(losses.older_backup(front, SEED))


def test_kafkas_data_is_lost_under_load(front, own_broker):
    print(losses.kafka_lost(front, own_broker, SEED))
