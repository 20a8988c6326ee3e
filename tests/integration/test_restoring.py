"""A restore that is killed, and a log that another program wrote to."""

from __future__ import annotations

from contextlib import suppress

import pytest
from psycopg_pool import ConnectionPool

from consumers.movers.restore import count_missing, restore_partition
from consumers.ports.log import LogForged, WriteUnconfirmed
from infra.postgres.server import database
from infra.postgres.server.locks import MaintenanceRunning
from infra.postgres.store.restore import PostgresRestore
from tests.conftest import FreshDatabase
from tests.integration.test_relay import order_placed

EVENTS = "SELECT * FROM store.event ORDER BY partition, number"


@pytest.fixture
def empty(server, deployment, monkeypatch):
    """An empty database with the same secrets, and the restore into it."""
    monkeypatch.setattr(database, "DATABASE", f"{database.DATABASE}_restored")
    other = FreshDatabase(database.migrate(server.url(), deployment.secrets), deployment.secrets)
    with ConnectionPool(other.url, kwargs={"autocommit": True}, open=True) as pool:
        yield PostgresRestore(pool, other.secrets), other


def test_a_killed_restore_is_continued(empty, kafka, store, deployment):
    store.append([order_placed(f"o{n % 30}", n) for n in range(300)])
    kafka.catch_up()
    restored, other = empty
    lacking = count_missing(restored, kafka.writer)
    assert lacking == {p: head for p, head in kafka.envelopes.heads().items() if head}
    [first, second, *_] = lacking
    restore_partition(restored, kafka.writer, first, lambda _: None)

    def killed(events):
        raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        restore_partition(restored, kafka.writer, second, killed)
    assert restored.refuses_appends()
    assert count_missing(restored, kafka.writer).keys() == lacking.keys() - {first, second}
    for partition in count_missing(restored, kafka.writer):
        restore_partition(restored, kafka.writer, partition, lambda _: None)
    assert other.sql(EVENTS) == deployment.sql(EVENTS)
    assert restored.accept_appends() == 2
    assert not restored.refuses_appends()


def test_only_one_restore_runs(empty):
    restored, _ = empty
    with restored.maintenance(), pytest.raises(MaintenanceRunning), restored.maintenance():
        pass
    with restored.maintenance():
        pass


def test_a_record_that_no_relay_wrote_is_not_restored(empty, kafka, store):
    [first, *_] = store.append([order_placed("o", n) for n in range(3)])
    partition = first.positions[0].partition
    kafka.relay.drain()
    store.append([order_placed("o", 4)])
    [event] = kafka.envelopes.read(partition, 3, 1)
    with suppress(WriteUnconfirmed):
        kafka.writer.write({partition: [(event, b"no chain")]})
    restored, _ = empty
    with pytest.raises(
        LogForged, match=f"event 4 of partition {partition} was not written by a relay"
    ):
        restore_partition(restored, kafka.writer, partition, lambda _: None)
    assert restored.heads()[partition] == 0
