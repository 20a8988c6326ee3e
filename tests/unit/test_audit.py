"""Causes, actors and broken rules are counted; a story is told across streams."""

from __future__ import annotations

from uuid import uuid4

from domain.book.book import OrderLine
from domain.customer.events import PrincipalCorrected, PrincipalRecognised
from domain.event import event_id, recorded_id
from domain.order import events as e
from domain.order import reports as r
from projections.story import story_of
from tests.unit.log import HOUR, T0, figures, fold, said

COMMAND = event_id("/t", "place-1")
LINES = (OrderLine(line_id="L1", product="shirt"),)
DRAFTED = e.OrderDrafted(lines=LINES)
STARTED = r.OperationStarted(operation_id="cut", line_id="L1", work_centre="cutting")


def by_command(n, subject, data, command=COMMAND, **more):
    return said(subject, data, id=recorded_id(command, n), causationid=str(command), **more)


def caused(subject, data, cause, **more):
    return said(subject, data, causationid=str(cause), **more)


def test_what_a_command_recorded_is_no_orphan_and_what_follows_from_it_neither():
    drafted = by_command(0, "order/1", DRAFTED, actor="ann")
    placed = by_command(1, "order/1", e.OrderPlaced(), actor="ann")
    made = figures("audit", [
        caused("order/2", STARTED, drafted.event.id),
        caused("order/2", r.OrderPackaged(), COMMAND),
        drafted, placed,
    ])  # fmt: skip
    assert (made.events, made.caused, made.orphan_causes, made.orphans) == (4, 4, 0, ())


def test_a_publisher_may_name_a_cause_as_it_calls_it():
    uuid = str(uuid4())
    first = said("order/1", STARTED, id=event_id("/t", "cut-7"))
    second = said("order/1", STARTED, id=event_id("/t", uuid))
    known = [caused("order/1", r.OrderPackaged(), "cut-7"), caused("order/2", STARTED, uuid)]
    assert figures("audit", [first, second, *known]).orphan_causes == 0
    lost = caused("order/3", STARTED, "cut-8")
    made = figures("audit", [first, second, *known, lost])
    assert made.orphan_causes == 1
    assert [(o.event_id, o.subject, o.causationid) for o in made.orphans] == [
        (lost.event.id, "order/3", "cut-8")
    ]


def test_orphans_are_found_however_many_causes_there_are(monkeypatch):
    monkeypatch.setattr("projections.figures.audit._PENDING", 2)
    chain = [said("order/1", STARTED)]
    for _ in range(9):
        chain.append(caused("order/1", STARTED, chain[-1].event.id))
    lost = [caused("order/1", STARTED, f"lost-{n}") for n in range(4)]
    made = figures("audit", [*lost, *chain])
    assert (made.orphan_causes, made.caused) == (4, 13)


def test_a_decision_without_an_actor_is_listed_and_a_report_is_not():
    events = [
        said("order/1", DRAFTED), said("order/1", e.OrderPlaced(), actor="clerk"),
        said("order/1", STARTED),
    ]  # fmt: skip
    made = figures("audit", events)
    assert made.missing_actors == 1
    assert [x.event_id for x in made.without_actor] == [events[0].event.id]
    assert [(t.type, t.kind, t.events) for t in made.by_type] == [
        ("order.order-drafted.v1", "decision", 1), ("order.order-placed.v1", "decision", 1),
        ("order.operation-started.v1", "report", 1),
    ]  # fmt: skip


def test_what_reports_broke_is_counted_by_rule_and_listed():
    events = [said("order/1", STARTED), said("order/1", STARTED), said("order/2", STARTED)]
    made = figures("audit", events)
    assert made.unexpected == 3
    [rule] = made.unexpected_by_rule
    assert (rule.rule, rule.reports, rule.orders) == ("started-without-being-queued", 3, 2)
    assert {f.event_id for f in made.flagged} == {x.event.id for x in events}


def test_lists_are_bounded_and_counts_are_not():
    made = figures("audit", [said(f"order/{n}", DRAFTED) for n in range(60)])
    assert (made.missing_actors, len(made.without_actor)) == (60, 50)


def test_the_share_of_people_taken_for_others():
    seen = [
        said("customer/ann", PrincipalRecognised(device="car", probability=0.9)) for _ in range(4)
    ]
    wrong = PrincipalCorrected(device="car", recognition_id=seen[0].event.id)
    assert figures("audit", [*seen, said("customer/ann", wrong)]).wrong_person == 0.25
    assert figures("audit", []).wrong_person is None


def told(events):
    return [(n.depth, n.id) for n in story_of(fold("audit", events).values())]


def test_each_event_stands_below_its_cause_across_streams():
    drafted = by_command(0, "order/1", DRAFTED)
    placed = by_command(1, "order/1", e.OrderPlaced())
    cut = caused("order/1", STARTED, placed.event.id, at=T0 + HOUR)
    seen = caused("customer/ann", PrincipalRecognised(device="car", probability=1), cut.event.id)
    alone = said("order/1", r.OrderPackaged(), at=T0 + 2 * HOUR)
    assert told([alone, seen, cut, placed, drafted]) == [
        (0, COMMAND), (1, drafted.event.id), (1, placed.event.id), (2, cut.event.id),
        (3, seen.event.id), (0, alone.event.id),
    ]  # fmt: skip


def test_a_cause_that_is_not_here_stands_above_its_effects():
    lost = caused("order/1", STARTED, "nobody-knows")
    [above, below] = story_of(fold("audit", [lost]).values())
    assert (above.event, above.id) == (None, event_id("/t", "nobody-knows"))
    assert (below.depth, below.id) == (1, lost.event.id)


def test_events_that_name_each_other_are_told_once():
    one, other = event_id("/t", "one"), event_id("/t", "other")
    events = [
        said("order/1", STARTED, id=one, causationid=str(other)),
        said("order/1", STARTED, id=other, causationid=str(one)),
    ]
    assert sorted(id for _, id in told(events)) == sorted([one, other])
