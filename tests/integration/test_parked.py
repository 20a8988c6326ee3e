"""What waits is sent on in order, or dropped for good, in every rebuild too."""

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
from tests.integration.test_projector import (  # noqa: F401
    FACTS,
    NOW,
    VIEWS,
    append,
    everything,
    log,
    shop,
    views,
)
from tests.integration.test_rebuild import BACKLOG, made  # noqa: F401


def poisoned(*types):
    """The backlog of a release that cannot fold these types of events of order o3."""

    def evolve(row, event):
        if isinstance(event.data, types) and event.event.subject == "order/o3":
            raise ValueError("a secret value")
        return BACKLOG.evolve(row, event)

    return replace(BACKLOG, evolve=evolve)


def dropped(made, key, *numbers, view=BACKLOG):  # noqa: F811
    return drop(view, made.log, made.views, made.store, key, numbers, now=NOW, actor="ops")


def placing(made):  # noqa: F811
    """The event that places o3."""
    [found] = [e for e in everything(made.log)
               if isinstance(e.data, OrderPlaced) and e.event.subject == "order/o3"]  # fmt: skip
    return found


def unplaced(made):  # noqa: F811
    """The log without it."""
    return [e for e in everything(made.log) if e.position != placing(made).position]


def waiting(made, view=BACKLOG):  # noqa: F811
    return made.views.parked_events(view.group)


@pytest.fixture
def parked(made):  # noqa: F811
    """Placing and shipping o3 wait; its projector, and the numbers of both."""
    projector = made.project(poisoned(OrderPlaced))
    made.ship(3)
    projector.drain()
    placed, shipped = waiting(made)
    return projector, placed.number, shipped.number


def test_what_waits_is_sent_on_in_order_once_the_fold_is_mended(made, parked):  # noqa: F811
    projector, *_ = parked
    tried = retry(BACKLOG, made.log, made.views, None, dry_run=True)
    assert (tried.before["o3"].status, tried.after["o3"].status) == ("draft", "shipped")
    assert made.rows(BACKLOG)["o3"].status == "draft"
    assert len(waiting(made)) == 2

    done = retry(BACKLOG, made.log, made.views, "o3")
    assert (done.freed, done.parked) == (2, [])
    assert waiting(made) == []
    assert made.rows(BACKLOG) == made.folded(BACKLOG)
    made.ship(4)
    projector.drain()  # had held the partition
    assert made.rows(BACKLOG) == made.folded(BACKLOG)


def test_what_still_cannot_be_folded_waits_on_and_what_is_behind_it(made, parked):  # noqa: F811
    *_, shipped = parked
    done = retry(poisoned(OrderShipped), made.log, made.views, "o3")
    assert done.after["o3"].status == "placed"
    assert [(p.number, p.key) for p in done.parked] == [(shipped, "o3")]
    assert waiting(made)[0].reason.startswith("ValueError at test_parked.py:")
    done = retry(poisoned(OrderShipped), made.log, made.views, "o3")
    assert [p.number for p in waiting(made)] == [shipped]


def test_who_folds_while_what_waits_is_sent_on_is_fenced_off(made, parked):  # noqa: F811
    projector, *_ = parked
    made.store.append([append("more", "order/o3", OrderShipped(), "c3")])
    commit = made.views.commit

    def late(changes):
        made.views.commit = commit
        retry(BACKLOG, made.log, made.views, "o3")
        commit(changes)

    made.views.commit = late
    projector.drain()
    assert projector.refused == 1
    assert projector.drain() == 1
    assert waiting(made) == []
    projector.drain()
    assert made.rows(BACKLOG) == made.folded(BACKLOG)


def test_a_drop_is_an_event_of_the_owner_and_what_waited_behind_goes_on(made, parked):  # noqa: F811
    projector, placed, _ = parked
    [answer] = dropped(made, "o3", placed)
    [event] = [e for e in everything(made.log) if isinstance(e.data, EventDropped)]
    assert event.event.stream == "parked/backlog/o3"
    assert type_of(event.data).kind is Kind.DECISION
    assert (event.owner, event.event.actor) == ("c3", "ops")
    assert event.position == answer.positions[0]
    assert event.position.partition == placing(made).position.partition
    projector.drain()
    assert waiting(made) == []
    assert made.rows(BACKLOG) == BACKLOG.fold(unplaced(made))
    assert made.rows(BACKLOG)["o3"].status == "shipped"
    assert projector.drain() == 0
    made.store.append([append("again", "order/o3", OrderShipped(), "c3")])
    assert projector.drain() == 1
    assert waiting(made) == []


def test_a_rebuild_goes_on_without_what_was_dropped_and_stops_at_other_poison(made, parked):  # noqa: F811
    projector, placed, _ = parked
    with pytest.raises(PoisonEvent, match=f"1\\.\\d+\\.{placed} cannot be folded into key o3"):
        made.rebuild(poisoned(OrderPlaced))
    dropped(made, "o3", placed)
    projector.drain()
    before = made.rows(BACKLOG)
    for release in (poisoned(OrderPlaced), BACKLOG):  # mended or not
        [done] = made.rebuild(release)
        assert done.switched
        assert made.rows(BACKLOG) == before
    with pytest.raises(PoisonEvent):
        made.rebuild(poisoned(OrderPlaced, OrderShipped))


def test_sending_on_leaves_out_what_was_dropped_meanwhile(made, parked):  # noqa: F811
    projector, placed, _ = parked
    dropped(made, "o3", placed)
    done = retry(BACKLOG, made.log, made.views, "o3")
    assert done.after["o3"] == BACKLOG.fold(unplaced(made))["o3"]
    projector.drain()
    assert made.rebuild(BACKLOG)[0].switched


def test_a_rebuild_under_a_mended_fold_differs_where_something_waits(made, parked):  # noqa: F811
    [done] = made.rebuild(BACKLOG)
    assert not done.switched
    assert done.difference.keys == ["o3"]
    assert len(waiting(made)) == 2


def test_a_new_version_takes_over_and_nothing_waits_any_more(made, parked, deployment):  # noqa: F811
    mended = replace(BACKLOG, version=BACKLOG.version + 1)
    [done] = made.rebuild(mended, accept=True)
    assert done.switched
    assert done.difference.keys == ["o3"]
    assert made.rows(mended) == made.folded(mended)
    assert deployment.sql("SELECT FROM projection.parked") == []


def test_only_what_waits_can_be_dropped_and_a_drop_said_twice_is_one(made, parked):  # noqa: F811
    projector, placed, shipped = parked
    with pytest.raises(NotParked, match="event 99 of o3 is not parked"):
        dropped(made, "o3", placed, 99)
    [first], [second] = dropped(made, "o3", placed), dropped(made, "o3", placed)
    assert (first.positions, second.duplicate) == (second.positions, True)
    dropped(made, "o3", shipped)  # and no projector has met the first one yet
    projector.drain()
    assert waiting(made) == []
    assert made.rows(BACKLOG)["o3"].status == "draft"
    assert made.rebuild(BACKLOG)[0].switched
    with pytest.raises(NotParked, match="no event of o3 is parked"):
        retry(BACKLOG, made.log, made.views, "o3")


@pytest.mark.parametrize("batch", [1, 3, 1000])
def test_an_event_that_cannot_be_read_is_dropped_for_all_keys_of_its_owner(
    made, store, deployment, batch  # noqa: F811
):  # fmt: skip
    stated = PreferenceStated(attribute="milk", value="soy", **FACTS)
    [answer] = store.append([append("x", "customer/c3", stated, "c3")])
    at = answer.positions[0]
    with psycopg.connect(deployment.url) as admin:
        admin.execute(
            "UPDATE store.event SET data = '{}' WHERE partition = %s AND number = %s",
            [at.partition, at.number],
        )
    made.ship(3)
    projectors = [made.project(view) for view in VIEWS.values()]
    for view in VIEWS.values():
        assert [p.key for p in waiting(made, view)] == [None, None]
        dropped(made, "c3", at.number, view=view)
    for projector in projectors:
        projector._batch = batch
        projector.drain()
    rows = {name: made.rows(view) for name, view in VIEWS.items()}
    assert rows["backlog"]["o3"].status == "shipped"
    drops = len(VIEWS)
    assert rows["profile"]["c3"].events == 5 + drops
    assert len(rows["audit"]) == 41 + drops
    assert all(done.switched for done in made.rebuild(*VIEWS.values()))
    assert rows == {name: made.rows(view) for name, view in VIEWS.items()}


def test_an_owner_that_is_no_customer_keeps_its_partition(made):  # noqa: F811
    made.store.append([append("alone", "order/o3-x", OrderShipped())])
    backlog = replace(BACKLOG, evolve=lambda *_: 1 / 0)
    projector = made.project(backlog)
    [alone] = [p for p in waiting(made) if p.key == "o3-x"]
    [answer] = dropped(made, "o3-x", alone.number)
    [reported] = [e for e in everything(made.log) if e.event.subject == "order/o3-x"]
    assert answer.positions[0].partition == reported.position.partition
    projector.drain()
    assert "o3-x" not in {p.key for p in waiting(made)}
