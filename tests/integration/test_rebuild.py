"""Rebuilds: a new table beside the live one, a comparison and a switch."""

from __future__ import annotations

import shutil
import threading
import time

import msgspec
import psycopg
import pytest

from consumers.movers import rebuild as movers
from consumers.movers.projector import Projector
from consumers.movers.rebuild import PoisonEvent, fold_until
from consumers.ports.views import RowDifference
from domain.order.events import OrderPlaced
from domain.personal import Plain
from infra.keys import Secrets
from infra.postgres.server import database
from infra.postgres.server.locks import MaintenanceRunning
from infra.postgres.views import builds, tables
from infra.postgres.views.builds import PostgresBuild, ViewBusy
from infra.postgres.views.views import PostgresViews
from projections.backlog import BacklogRow
from tests.integration.shop import BACKLOG, VIEWS, all_events
from tests.refolding import poisoned, refolded


def spoiled(projection, **more):
    """The same projection with another word for the status `placed`."""

    def refold(fold, row, event):
        after = fold(row, event)
        return msgspec.structs.replace(after, status="set") if after.status == "placed" else after

    return refolded(projection, refold, **more)


@pytest.mark.parametrize("page", [2, 10_000])
def test_a_rebuild_has_the_fold_of_the_log_and_projectors_continue(shop_views, monkeypatch, page):
    monkeypatch.setattr(movers, "PAGE", page)
    monkeypatch.setattr(movers, "MAX_ROWS", page)
    projectors = {name: shop_views.project(view) for name, view in VIEWS.items()}
    heads = dict(shop_views.log.heads())
    done = shop_views.rebuild(*VIEWS.values())
    assert shop_views.log.heads() == heads  # it appends nothing: no emitter ran
    for each in done:
        rows = len(shop_views.folded(VIEWS[each.view]))
        assert each.switched
        assert each.difference == RowDifference(rows, rows, 0, [])
    assert shop_views.tables == {view.group for view in VIEWS.values()}
    shop_views.ship(1, 2)
    for name, view in VIEWS.items():
        assert projectors[name].drain() == 2
        assert shop_views.rows(view) == shop_views.folded(view)


def test_a_row_that_differs_refuses_the_switch_within_a_version(shop_views):
    shop_views.project(BACKLOG)
    before = shop_views.rows(BACKLOG)
    [done] = shop_views.rebuild(spoiled(BACKLOG))
    assert not done.switched
    assert (done.difference.count, len(done.difference.keys)) == (10, 10)
    assert set(done.difference.keys) == {f"o{n}" for n in range(10)}
    assert shop_views.rows(BACKLOG) == before
    assert shop_views.tables == {BACKLOG.group}


@pytest.mark.parametrize("damage", [
    "DELETE FROM projection.profile_v2 WHERE key = 'c3'",
    "UPDATE projection.profile_v2 SET events = 9 WHERE key = 'c3'",
    "UPDATE projection.profile_v2 SET key = 'c33' WHERE key = 'c3'",
    "UPDATE projection.profile_v2 SET \"values\" = NULL WHERE key = 'c3'",
    "UPDATE projection.profile_v2 SET \"values\" = (SELECT \"values\" FROM projection.profile_v2 "
    "WHERE key = 'c4') WHERE key = 'c3'",
])  # fmt: skip
def test_every_change_of_a_row_is_found_also_in_sealed_values(shop_views, deployment, damage):
    profile = VIEWS["profile"]
    shop_views.project(profile)
    with psycopg.connect(deployment.url, autocommit=True) as admin:
        admin.execute(damage)
    [done] = shop_views.rebuild(profile)
    assert not done.switched
    assert "c3" in done.difference.keys


def test_twenty_keys_are_listed(shop_views):
    audit = VIEWS["audit"]
    shop_views.project(audit)

    def refold(fold, row, event):
        return msgspec.structs.replace(fold(row, event), channel="x")

    [done] = shop_views.rebuild(refolded(audit, refold))
    assert (done.difference.count, len(done.difference.keys)) == (40, 20)


class SecondRow(BacklogRow, frozen=True, kw_only=True):
    """Another shape: a field more."""

    events: Plain[int] = 0


def counted(fold, row, event):
    fields = msgspec.structs.asdict(fold(row, event))
    return SecondRow(**{**fields, "events": fields.get("events", 0) + 1})


SECOND = refolded(BACKLOG, counted, version=BACKLOG.version + 1, row=SecondRow)


def test_another_version_is_live_only_after_it_is_accepted(shop_views):
    old = shop_views.project(BACKLOG)
    before = shop_views.rows(BACKLOG)
    new = Projector(SECOND, shop_views.log, shop_views.views, "bob")
    assert new.drain() == 0
    [done] = shop_views.rebuild(SECOND)
    assert not done.switched
    assert (done.difference.before, done.difference.after, done.difference.count) == (10, 10, 0)
    shop_views.ship(1)
    old.drain()
    shown = shop_views.rows(SECOND)  # by this release, in the fields they have
    assert shown["o2"].status == "placed"
    assert not hasattr(shown["o1"], "events")
    assert shop_views.rows(BACKLOG)["o2"] == before["o2"]

    [done] = shop_views.rebuild(SECOND, accept=True)
    assert done.switched
    assert shop_views.tables == {SECOND.group}
    assert shop_views.rows(SECOND) == shop_views.folded(SECOND)
    shop_views.ship(2)
    assert (old.drain(), new.drain()) == (0, 1)
    assert shop_views.rows(SECOND) == shop_views.folded(SECOND)
    assert shop_views.rows(SECOND)["o2"].events == 3


def test_events_folded_between_comparison_and_switch_are_not_lost(shop_views, monkeypatch):
    projector = shop_views.project(BACKLOG)
    switch = PostgresBuild.switch

    def later(self, follow):
        shop_views.ship(1, 2, 3)
        projector.drain()
        switch(self, follow)

    monkeypatch.setattr(PostgresBuild, "switch", later)
    [done] = shop_views.rebuild(BACKLOG)
    assert done.switched
    assert shop_views.rows(BACKLOG) == shop_views.folded(BACKLOG)
    assert shop_views.rows(BACKLOG)["o1"].status == "shipped"
    assert projector.drain() == 0


def test_the_comparison_is_of_the_same_positions_while_projectors_run(shop_views, monkeypatch):
    projector = shop_views.project(BACKLOG)
    differing_keys = builds.differing_keys

    def differing_keys_later(*comparison):
        shop_views.ship(1, 2, 3)
        assert projector.drain() == 3
        return differing_keys(*comparison)

    monkeypatch.setattr(builds, "differing_keys", differing_keys_later)
    assert shop_views.rebuild(BACKLOG)[0].switched
    assert shop_views.rows(BACKLOG) == shop_views.folded(BACKLOG)


def test_a_switch_that_is_tried_again_folds_again(shop_views, deployment, monkeypatch):
    projector = shop_views.project(BACKLOG)
    switch = PostgresBuild.switch
    with deployment.pool("analyst") as pool, pool.connection() as idle:

        def later(self, follow):
            idle.execute("BEGIN")
            idle.execute("SELECT FROM view.backlog")
            shop_views.ship(1, 2, 3)
            projector.drain()
            switch(self, follow)

        monkeypatch.setattr(PostgresBuild, "switch", later)
        reports = []

        def waits(reason):
            reports.append(reason)
            idle.execute("COMMIT")

        assert shop_views.rebuild(BACKLOG, waits=waits)[0].switched
    assert len(reports) == 1
    assert shop_views.rows(BACKLOG) == shop_views.folded(BACKLOG)


def test_a_projector_that_folded_before_the_switch_cannot_write_after_it(shop_views, monkeypatch):
    projector = shop_views.project(BACKLOG)
    shop_views.ship(1)
    commit = shop_views.views.commit

    def late(changes):
        monkeypatch.setattr(shop_views.views, "commit", commit)
        shop_views.rebuild(BACKLOG)
        commit(changes)

    monkeypatch.setattr(shop_views.views, "commit", late)
    projector.drain()
    assert projector.fenced_commits == 1
    assert projector.drain() + 1 == 2
    assert shop_views.rows(BACKLOG) == shop_views.folded(BACKLOG)


def test_readers_get_the_old_rows_or_the_new_never_a_mix_or_none(shop_views, deployment):
    shop_views.project(BACKLOG)
    second = spoiled(BACKLOG, version=BACKLOG.version + 1)
    seen: list[set] = []
    stop = threading.Event()

    def read(ask):
        while not stop.is_set():
            seen.append(ask())

    def show():
        return frozenset(r.status for r in shop_views.rows(BACKLOG).values())

    with deployment.pool("analyst") as analysts, analysts.connection() as analyst:

        def ask():
            rows = analyst.execute("SELECT status FROM view.backlog").fetchall()
            assert len(rows) == 5  # customers who consent to it
            return frozenset(status for (status,) in rows)

        readers = [threading.Thread(target=read, args=[each]) for each in (show, ask)]
        for reader in readers:
            reader.start()
        try:
            for n in range(6):
                shop_views.rebuild((second, BACKLOG)[n % 2], accept=True)
        finally:
            stop.set()
            for reader in readers:
                reader.join()
        assert analyst.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    assert set(seen) == {frozenset({"placed"}), frozenset({"set"})}
    assert len(seen) > 50


def test_a_table_without_columns_was_dropped(shop_views):
    with shop_views.pool.connection() as db:
        db.execute("CREATE TABLE projection.dropped ()")
        with pytest.raises(psycopg.errors.UndefinedTable):
            tables.existing_columns(db, "dropped")


def test_an_open_transaction_delays_only_the_switch(shop_views, deployment):
    projector = shop_views.project(BACKLOG)
    reports = []
    with deployment.pool("analyst") as pool, pool.connection() as idle:
        idle.execute("BEGIN")
        idle.execute("SELECT FROM view.backlog")
        slowest = 0.0
        stop = threading.Event()

        def read():
            nonlocal slowest
            with pool.connection() as db:
                while not stop.is_set():
                    began = time.monotonic()
                    assert len(db.execute("SELECT FROM view.backlog").fetchall()) == 5
                    slowest = max(slowest, time.monotonic() - began)

        reader = threading.Thread(target=read)
        reader.start()
        try:
            with pytest.raises(
                ViewBusy, match=rf"process {idle.info.backend_pid} \(ordermade_analyst"
            ):
                shop_views.rebuild(BACKLOG, patience_s=1.5, waits=reports.append)
        finally:
            stop.set()
            reader.join()
        assert slowest < 1
        assert "holds the view" in reports[0]
        shop_views.ship(1)
        projector.drain()
        assert shop_views.rows(BACKLOG) == shop_views.folded(BACKLOG)  # the old rows remain live
        idle.execute("COMMIT")
    assert shop_views.rebuild(BACKLOG)[0].switched


def test_a_snapshot_from_before_the_switch_gets_an_error(shop_views, deployment):
    shop_views.project(BACKLOG)
    with deployment.pool("analyst") as pool, pool.connection() as db:
        db.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        db.execute("SELECT 1")
        shop_views.rebuild(BACKLOG)
        with pytest.raises(psycopg.errors.RaiseException, match="was rebuilt since"):
            db.execute("SELECT * FROM view.backlog")
        db.execute("ROLLBACK")
        assert len(db.execute("SELECT * FROM view.backlog").fetchall()) == 5


def test_a_reader_repeats_a_statement_whose_table_was_replaced(shop_views, deployment, owners):
    shop_views.project(BACKLOG)
    with deployment.pool("reader") as pool:
        reader = PostgresViews(pool, owners.keys)
        for _ in range(8):  # the driver prepares a statement that is repeated
            reader.find(BACKLOG, None)
        with pool.connection() as db:
            prepared = db.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()
        assert prepared[0] > 0
        with shop_views.pool.connection() as db:
            db.execute("DROP VIEW view.backlog")
            db.execute("ALTER TABLE projection.backlog_v3 ALTER status TYPE varchar")
        assert len(reader.find(BACKLOG, None)) == 10


def test_an_event_that_cannot_be_folded_ends_a_rebuild(shop_views):
    shop_views.project(BACKLOG)
    shop_views.project(VIEWS["profile"])
    before = shop_views.rows(BACKLOG)

    with pytest.raises(PoisonEvent) as poison:
        shop_views.rebuild(VIEWS["profile"], poisoned(BACKLOG, "o3", OrderPlaced))
    [at] = [e.position for e in all_events(shop_views.log)
            if isinstance(e.data, OrderPlaced) and e.event.subject == "order/o3"]  # fmt: skip
    assert f"backlog: the event at {at} cannot be folded into key o3: ValueError at" in str(
        poison.value
    )
    assert "secret" not in str(poison.value)
    assert shop_views.rows(BACKLOG) == before


def test_a_killed_rebuild_can_be_repeated_and_only_one_runs(shop_views, monkeypatch):
    monkeypatch.setattr(builds, "_MAINTENANCE_WAIT", "100ms")
    shop_views.project(BACKLOG)
    with shop_views.pool.connection() as db:
        PostgresBuild(db, BACKLOG, shop_views.keys)  # as a killed rebuild leaves it
        assert f"{BACKLOG.group}_rebuild" in shop_views.tables
        db.execute("SELECT pg_advisory_lock(7303)")
        with pytest.raises(MaintenanceRunning, match="another rebuild or restore is under way"):
            shop_views.rebuild(BACKLOG)
        db.execute("SELECT pg_advisory_unlock(7303)")
    assert shop_views.rebuild(BACKLOG)[0].switched
    assert shop_views.tables == {BACKLOG.group}


def test_a_fold_until_a_time_changes_no_rows(shop_views):
    shop_views.project(BACKLOG)
    then = max(e.recorded for e in all_events(shop_views.log))
    before = shop_views.rows(BACKLOG)
    shop_views.ship(1)
    rows = dict(fold_until(BACKLOG, shop_views.log, shop_views.log.at(then)))
    assert rows == before == shop_views.rows(BACKLOG)


def test_a_database_of_an_earlier_release_is_migrated(server, tmp_path, monkeypatch):
    before = tmp_path / "migrations"
    before.mkdir()
    for path in database.MIGRATIONS.glob("00*.sql"):
        if path.name[:4] not in ("0006", "0010", "0014", "0016"):
            shutil.copy(path, before)
    secrets = Secrets.load(tmp_path / "home")
    monkeypatch.setattr(database, "DATABASE", "ordermade_before")
    with monkeypatch.context() as patched:
        patched.setattr(database, "MIGRATIONS", before)
        url = database.migrate(server.url(), secrets)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("CREATE TABLE projection.backlog_v1 (key text, status text)")
        admin.execute("CREATE VIEW view.backlog AS SELECT key, status FROM projection.backlog_v1")
        database.migrate(server.url(), secrets)
        with database.connection_pool(url, "projector", secrets) as pool:
            PostgresViews(pool, lambda _: {}).prepare(SECOND)
        live = admin.execute("SELECT view, consumer_group FROM projection.live").fetchall()
    assert live == [("backlog", "backlog_v1")]
