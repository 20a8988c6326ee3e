"""docs/schema.sql is what the migrations create."""

from __future__ import annotations

import psycopg

from infra.postgres.server.schema import FILE, schema_sql


def test_the_document_of_the_schema_is_current(deployment):
    with psycopg.connect(deployment.url) as db:
        assert FILE.read_text() == schema_sql(db), "run `make schemas`"
