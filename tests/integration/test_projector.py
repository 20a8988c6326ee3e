"""The projector: views are folds of the log, and nothing else is written."""

from __future__ import annotations

import itertools

import psycopg
import pytest

from consumers.movers.projector import Projector, step
from domain.book.book import OrderLine
from domain.customer.events import ConsentGranted
from domain.order.events import OrderDrafted, OrderPlaced
from domain.order.reports import OrderShipped
from domain.partition import partition_of
from infra.postgres.views.progress import ViewProgress
from tests.integration.shop import VIEWS, all_events, append, open_shop
from tests.refolding import poisoned, refolded


@pytest.mark.parametrize("name", sorted(VIEWS))
@pytest.mark.parametrize("batch", [1, 3, 1000])
def test_a_view_is_the_fold_of_the_log(store, log, views, name, batch):
    open_shop(store)
    projector = Projector(VIEWS[name], log, views, "ann", batch)
    assert projector.drain() == 40
    assert dict(views.find(VIEWS[name], None)) == VIEWS[name].fold(all_events(log))
    assert projector.drain() == 0


def test_analysts_see_consenting_customers_and_no_personal_value(store, log, views, deployment):
    open_shop(store)
    Projector(VIEWS["profile"], log, views, "ann").drain()
    with deployment.pool("analyst") as pool, pool.connection() as db:
        seen = db.execute("SELECT * FROM view.profile")
        assert "values" not in [column.name for column in seen.description]
        assert sorted(row[0] for row in seen) == ["c1", "c3", "c5", "c7", "c9"]
        for table in ("store.event", "projection.profile_v2"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                db.execute(f"SELECT * FROM {table}")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute("DELETE FROM view.profile")
    assert "marker" not in str(deployment.sql("SELECT t::text FROM projection.profile_v2 t"))


@pytest.mark.parametrize("role", ["door", "reader", "analyst"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE projection.profile_v2 SET events = 0",
        "DELETE FROM view.profile",
        "INSERT INTO projection.checkpoint VALUES ('profile_v2', 0, 9)",
        "UPDATE store.event SET version = 9",
        "SELECT consumer.leave('profile_v2', 'ann')",
        "CREATE TABLE store.mine (a int)",
    ],
)
def test_only_the_projector_writes_views_and_nobody_changes_events(
    deployment, views, role, statement
):
    views.prepare(VIEWS["profile"])
    with deployment.pool(role) as pool, pool.connection() as db:
        db.execute("SET default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute(statement)


def test_an_event_that_cannot_be_folded_parks_its_key_alone(store, log, views):
    backlog = poisoned(VIEWS["backlog"], "o3", OrderPlaced)
    open_shop(store)
    projector = Projector(backlog, log, views, "ann")
    projector.drain()
    store.append([append("s", "order/o3", OrderShipped(), "c3")])
    projector.drain()
    rows = dict(views.find(backlog, None))
    assert {k: r.status for k, r in rows.items()} == {
        f"o{i}": "draft" if i == 3 else "placed" for i in range(10)
    }
    first, second = views.parked_events(backlog.group)
    assert first.key == second.key == "o3"
    assert first.reason.startswith("ValueError at refolding.py:")
    assert second.reason == "waits for an earlier event of its key"


def test_a_fold_that_fails_for_too_many_keys_stops_its_partition(store, log, views, deployment):
    backlog = VIEWS["backlog"]

    def refold(fold, row, event):
        raise KeyError("a bad deploy")

    for customer, orders in (("many", 30), ("other", 10)):
        grant = ConsentGranted(purposes=("fulfil",), policy_version="p")
        store.append([append(f"g-{customer}", f"customer/{customer}", grant, customer)])
        lines = (OrderLine(line_id="L1", product="shirt"),)
        store.append(
            [
                append(f"{customer}-{n}", f"order/{customer}-{n}", OrderDrafted(lines=lines),
                       customer)
                for n in range(orders)
            ]
        )  # fmt: skip
    Projector(refolded(backlog, refold), log, views, "ann").drain()
    progress = ViewProgress(log._pool)
    lags = {lag.partition: lag for lag in progress.lags([backlog.group])}
    stopped = lags[partition_of("many", deployment.partitions)]
    assert (stopped.position, stopped.stopped.split(" at ")[0]) == (0, "KeyError")
    assert lags[partition_of("other", deployment.partitions)].events == 0
    assert {p.key.split("-")[0] for p in views.parked_events(backlog.group)} == {"other"}

    log.subscribe(backlog.group, "ann").close()  # the deploy is mended, and another starts
    Projector(backlog, log, views, "bob").drain()
    assert not any(lag.stopped or lag.events for lag in progress.lags([backlog.group]))


def test_a_member_renews_its_session_during_a_long_step(store, log, views):
    open_shop(store)
    seconds, polls = 0.0, []

    def slow(*page):
        nonlocal seconds
        seconds += 2
        return log.read(*page)

    ann = Projector(VIEWS["backlog"], log, views, "ann", clock=lambda: seconds, read=slow)
    poll = ann._subscription.poll
    ann._subscription.poll = lambda: polls.append(seconds) or poll()
    ann.step()
    assert seconds > 5  # a session
    assert all(b - a < 5 for a, b in itertools.pairwise([*polls, seconds]))


def test_views_commit_together_and_one_that_is_fenced_off_stops_no_other(
    store, log, views, deployment
):
    open_shop(store)
    each = [Projector(VIEWS[name], log, views, "ann") for name in ("profile", "backlog", "audit")]
    commit, sizes = views.commit, []

    def fenced_off(changes):
        if not sizes:
            deployment.sql("UPDATE consumer.lease SET epoch = epoch + 1 "
                           "WHERE consumer_group = %s RETURNING 1", each[1].group)  # fmt: skip
        sizes.append(len(changes))
        commit(changes)

    views.commit = fenced_off
    step(each)
    parts = len({partition_of(f"c{i}", 12) for i in range(10)})
    assert sizes == [3 * parts, *[1] * 3 * parts]
    assert [projector.fenced_commits for projector in each] == [0, parts, 0]
    for projector, shown in zip(each, (True, False, True), strict=True):
        view = projector._projection
        assert dict(views.find(view, None)) == (view.fold(all_events(log)) if shown else {})
    while step(each):
        pass
    assert sizes[-1] == parts
    assert dict(views.find(VIEWS["backlog"], None)) == VIEWS["backlog"].fold(all_events(log))


def test_a_suspended_member_cannot_write_after_a_handover(store, log, views):
    open_shop(store)
    ann, bob = (Projector(VIEWS["backlog"], log, views, name, batch=1) for name in ("ann", "bob"))
    ann.step()
    epochs = ann._subscription.poll()
    ann._subscription.close()  # as the group sees it, once the session is over
    bob.drain()
    ann._subscription.poll = lambda: epochs
    store.append([append(f"s{i}", f"order/o{i}", OrderShipped(), f"c{i}") for i in range(10)])
    ann.step()
    assert ann.fenced_commits > 0
    bob.drain()
    assert dict(views.find(VIEWS["backlog"], None)) == VIEWS["backlog"].fold(all_events(log))
