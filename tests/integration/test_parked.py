"""Parked events are retried in order, or dropped for good, also in every rebuild."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from consumers.movers.parked import NotParked, drop, retry
from consumers.movers.rebuild import PoisonEvent
from domain.customer.events import PreferenceStated
from domain.event import Kind, type_of
from domain.order.events import OrderPlaced
from domain.order.reports import OrderShipped
from domain.parked.events import EventDropped
from tests.integration.shop import BACKLOG, FACTS, NOW, VIEWS, all_events, append
from tests.refolding import poisoned, refolded


def dropped(shop_views, key, *numbers, view=BACKLOG):
    return drop(
        view, shop_views.log, shop_views.views, shop_views.store, key, numbers,
        now=NOW, channel="cli", actor="ops",
    )  # fmt: skip


def placing(shop_views):
    """The event that places o3."""
    [event] = [e for e in all_events(shop_views.log)
               if isinstance(e.data, OrderPlaced) and e.event.subject == "order/o3"]  # fmt: skip
    return event


def without_placing(shop_views):
    """The log without the event that places o3."""
    return [e for e in all_events(shop_views.log) if e.position != placing(shop_views).position]


def parked_events(shop_views, view=BACKLOG):
    return shop_views.views.parked_events(view.group)


@pytest.fixture
def parked(shop_views):
    """A projector that has parked the placing and the shipping of o3, and their numbers."""
    projector = shop_views.project(poisoned(BACKLOG, "o3", OrderPlaced))
    shop_views.ship(3)
    projector.drain()
    placed, shipped = parked_events(shop_views)
    return projector, placed.number, shipped.number


def test_parked_events_are_folded_in_order_once_the_fold_is_corrected(shop_views, parked):
    projector, *_ = parked
    tried = retry(BACKLOG, shop_views.log, shop_views.views, None, dry_run=True)
    assert (tried.before["o3"].status, tried.after["o3"].status) == ("draft", "shipped")
    assert shop_views.rows(BACKLOG)["o3"].status == "draft"
    assert len(parked_events(shop_views)) == 2

    done = retry(BACKLOG, shop_views.log, shop_views.views, "o3")
    assert (done.count, done.parked) == (2, [])
    assert parked_events(shop_views) == []
    assert shop_views.rows(BACKLOG) == shop_views.folded(BACKLOG)
    shop_views.ship(4)
    projector.drain()  # the retry has fenced it off
    assert shop_views.rows(BACKLOG) == shop_views.folded(BACKLOG)


def test_an_event_that_still_cannot_be_folded_stays_parked_with_the_later_ones(shop_views, parked):
    *_, shipped = parked
    done = retry(poisoned(BACKLOG, "o3", OrderShipped), shop_views.log, shop_views.views, "o3")
    assert done.after["o3"].status == "placed"
    assert [(p.number, p.key) for p in done.parked] == [(shipped, "o3")]
    assert parked_events(shop_views)[0].reason.startswith("ValueError at refolding.py:")
    done = retry(poisoned(BACKLOG, "o3", OrderShipped), shop_views.log, shop_views.views, "o3")
    assert [p.number for p in parked_events(shop_views)] == [shipped]


def test_a_projector_that_folds_during_a_retry_is_fenced_off(shop_views, parked):
    projector, *_ = parked
    shop_views.store.append([append("more", "order/o3", OrderShipped(), "c3")])
    commit = shop_views.views.commit

    def late(changes):
        shop_views.views.commit = commit
        retry(BACKLOG, shop_views.log, shop_views.views, "o3")
        commit(changes)

    shop_views.views.commit = late
    projector.drain()
    assert projector.fenced_commits == 1
    assert projector.drain() == 1
    assert parked_events(shop_views) == []
    projector.drain()
    assert shop_views.rows(BACKLOG) == shop_views.folded(BACKLOG)


def test_a_drop_is_an_event_of_the_owner_and_later_events_are_folded(shop_views, parked):
    projector, placed, _ = parked
    [answer] = dropped(shop_views, "o3", placed)
    [event] = [e for e in all_events(shop_views.log) if isinstance(e.data, EventDropped)]
    assert event.event.stream == "parked/backlog/o3"
    assert type_of(event.data).kind is Kind.DECISION
    assert (event.owner, event.event.actor) == ("c3", "ops")
    assert event.position == answer.positions[0]
    assert event.position.partition == placing(shop_views).position.partition
    projector.drain()
    assert parked_events(shop_views) == []
    assert shop_views.rows(BACKLOG) == BACKLOG.fold(without_placing(shop_views))
    assert shop_views.rows(BACKLOG)["o3"].status == "shipped"
    assert projector.drain() == 0
    shop_views.store.append([append("again", "order/o3", OrderShipped(), "c3")])
    assert projector.drain() == 1
    assert parked_events(shop_views) == []


def test_a_rebuild_skips_dropped_events_and_ends_at_other_poison(shop_views, parked):
    projector, placed, _ = parked
    with pytest.raises(PoisonEvent, match=f"1\\.\\d+\\.{placed} cannot be folded into key o3"):
        shop_views.rebuild(poisoned(BACKLOG, "o3", OrderPlaced))
    dropped(shop_views, "o3", placed)
    projector.drain()
    before = shop_views.rows(BACKLOG)
    for release in (poisoned(BACKLOG, "o3", OrderPlaced), BACKLOG):  # corrected or not
        [done] = shop_views.rebuild(release)
        assert done.switched
        assert shop_views.rows(BACKLOG) == before
    with pytest.raises(PoisonEvent):
        shop_views.rebuild(poisoned(BACKLOG, "o3", OrderPlaced, OrderShipped))


def test_a_retry_skips_events_that_were_dropped_meanwhile(shop_views, parked):
    projector, placed, _ = parked
    dropped(shop_views, "o3", placed)
    done = retry(BACKLOG, shop_views.log, shop_views.views, "o3")
    assert done.after["o3"] == BACKLOG.fold(without_placing(shop_views))["o3"]
    projector.drain()
    assert shop_views.rebuild(BACKLOG)[0].switched


def test_a_rebuild_with_a_corrected_fold_differs_in_keys_with_parked_events(shop_views, parked):
    [done] = shop_views.rebuild(BACKLOG)
    assert not done.switched
    assert done.difference.keys == ["o3"]
    assert len(parked_events(shop_views)) == 2


def test_nothing_is_parked_after_a_new_version_is_live(shop_views, parked, deployment):
    corrected = replace(BACKLOG, version=BACKLOG.version + 1)
    [done] = shop_views.rebuild(corrected, accept=True)
    assert done.switched
    assert done.difference.keys == ["o3"]
    assert shop_views.rows(corrected) == shop_views.folded(corrected)
    assert deployment.sql("SELECT FROM projection.parked") == []


def test_only_parked_events_can_be_dropped_and_a_repeated_drop_is_a_duplicate(shop_views, parked):
    projector, placed, shipped = parked
    with pytest.raises(NotParked, match="event 99 of o3 is not parked"):
        dropped(shop_views, "o3", placed, 99)
    [first], [second] = dropped(shop_views, "o3", placed), dropped(shop_views, "o3", placed)
    assert (first.positions, second.duplicate) == (second.positions, True)
    dropped(shop_views, "o3", shipped)  # before a projector has read the first drop
    projector.drain()
    assert parked_events(shop_views) == []
    assert shop_views.rows(BACKLOG)["o3"].status == "draft"
    assert shop_views.rebuild(BACKLOG)[0].switched
    with pytest.raises(NotParked, match="no event of o3 is parked"):
        retry(BACKLOG, shop_views.log, shop_views.views, "o3")


@pytest.mark.parametrize("batch", [1, 3, 1000])
def test_an_event_that_cannot_be_read_is_dropped_for_all_keys_of_its_owner(
    shop_views, store, deployment, batch
):  # fmt: skip
    stated = PreferenceStated(attribute="milk", value="soy", **FACTS)
    [answer] = store.append([append("x", "customer/c3", stated, "c3")])
    at = answer.positions[0]
    with psycopg.connect(deployment.url) as admin:
        admin.execute(
            "UPDATE store.event SET data = '{}' WHERE partition = %s AND number = %s",
            [at.partition, at.number],
        )
    shop_views.ship(3)
    projectors = [shop_views.project(view) for view in VIEWS.values()]
    for view in VIEWS.values():
        assert [p.key for p in parked_events(shop_views, view)] == [None, None]
        dropped(shop_views, "c3", at.number, view=view)
    for projector in projectors:
        projector._batch = batch
        projector.drain()
    rows = {name: shop_views.rows(view) for name, view in VIEWS.items()}
    assert rows["backlog"]["o3"].status == "shipped"
    drops = len(VIEWS)
    assert rows["profile"]["c3"].events == 5 + drops
    assert len(rows["audit"]) == 41 + drops
    assert all(done.switched for done in shop_views.rebuild(*VIEWS.values()))
    assert rows == {name: shop_views.rows(view) for name, view in VIEWS.items()}


def test_a_drop_for_an_owner_that_is_no_customer_stays_in_its_partition(shop_views):
    shop_views.store.append([append("alone", "order/o3-x", OrderShipped())])
    backlog = refolded(BACKLOG, lambda *_: 1 / 0)
    projector = shop_views.project(backlog)
    [alone] = [p for p in parked_events(shop_views) if p.key == "o3-x"]
    [answer] = dropped(shop_views, "o3-x", alone.number)
    [reported] = [e for e in all_events(shop_views.log) if e.event.subject == "order/o3-x"]
    assert answer.positions[0].partition == reported.position.partition
    projector.drain()
    assert "o3-x" not in {p.key for p in parked_events(shop_views)}
