"""A restore that is killed, and a log that somebody else wrote to."""

from __future__ import annotations

from contextlib import suppress

import pytest
from psycopg_pool import ConnectionPool

from consumers.movers.restore import missing, pull
from consumers.ports.log import LogForged, WriteUnconfirmed
from infra.postgres.server import database
from infra.postgres.server.locks import MaintenanceRunning
from infra.postgres.store.restore import PostgresRestore
from tests.conftest import Deployment
from tests.integration.test_relay import order_placed

EVENTS = "SELECT * FROM store.event ORDER BY partition, number"


@pytest.fixture
def empty(server, deployment, monkeypatch):
    """Another database with the same secrets, as its administrator sees it."""
    monkeypatch.setattr(database, "DATABASE", f"{database.DATABASE}_restored")
    made = Deployment(database.migrate(server.url(), deployment.secrets), deployment.secrets)
    with ConnectionPool(made.url, kwargs={"autocommit": True}, open=True) as pool:
        yield PostgresRestore(pool, made.secrets), made


def test_a_restore_that_was_killed_goes_on_where_it_was(empty, kafka, store, deployment):
    store.append([order_placed(f"o{n % 30}", n) for n in range(300)])
    kafka.catch_up()
    restored, made = empty
    wanted = missing(restored, kafka.writer)
    assert wanted == {p: head for p, head in kafka.envelopes.heads().items() if head}
    [first, second, *_] = wanted
    pull(restored, kafka.writer, first, lambda _: None)

    def killed(events):
        raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        pull(restored, kafka.writer, second, killed)
    assert restored.refuses_appends()
    assert missing(restored, kafka.writer).keys() == wanted.keys() - {first, second}
    for partition in missing(restored, kafka.writer):
        pull(restored, kafka.writer, partition, lambda _: None)
    assert made.sql(EVENTS) == deployment.sql(EVENTS)
    assert restored.accept_appends() == 2
    assert not restored.refuses_appends()


def test_of_two_restores_one_waits(empty):
    restored, _ = empty
    with restored.maintenance(), pytest.raises(MaintenanceRunning), restored.maintenance():
        pass
    with restored.maintenance():
        pass


def test_what_no_relay_wrote_is_not_restored(empty, kafka, store):
    [first, *_] = store.append([order_placed("o", n) for n in range(3)])
    partition = first.positions[0].partition
    kafka.relay.drain()
    store.append([order_placed("o", 4)])
    [event] = kafka.envelopes.read(partition, 3, 1)
    with suppress(WriteUnconfirmed):
        kafka.writer.write({partition: [(event, b"no chain")]})
    restored, _ = empty
    with pytest.raises(LogForged, match=f"event 4 of partition {partition} is not what"):
        pull(restored, kafka.writer, partition, lambda _: None)
    assert restored.heads()[partition] == 0
