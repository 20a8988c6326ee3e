"""The figures of audit, and the tree of causes across streams."""

from __future__ import annotations

from uuid import uuid4

from domain.book.book import OrderLine
from domain.customer.events import PrincipalCorrected, PrincipalRecognised
from domain.event import event_id, recorded_id
from domain.order import events as e
from domain.order import reports as r
from projections.story import story_of
from tests.unit.log import HOUR, T0, figures, fold, recorded

COMMAND = event_id("/t", "place-1")
LINES = (OrderLine(line_id="L1", product="shirt"),)
DRAFTED = e.OrderDrafted(lines=LINES)
STARTED = r.OperationStarted(operation_id="cut", line_id="L1", work_centre="cutting")


def by_command(n, subject, data, command=COMMAND, **more):
    return recorded(subject, data, id=recorded_id(command, n), causationid=str(command), **more)


def caused(subject, data, cause, **more):
    return recorded(subject, data, causationid=str(cause), **more)


def test_events_of_a_command_and_their_effects_are_no_orphans():
    drafted = by_command(0, "order/1", DRAFTED, actor="ann")
    placed = by_command(1, "order/1", e.OrderPlaced(), actor="ann")
    audit = figures("audit", [
        caused("order/2", STARTED, drafted.event.id),
        caused("order/2", r.OrderPackaged(), COMMAND),
        drafted, placed,
    ])  # fmt: skip
    assert (audit.events, audit.caused, audit.orphan_causes, audit.orphans) == (4, 4, 0, ())


def test_a_cause_may_be_named_by_the_id_of_its_publisher():
    uuid = str(uuid4())
    first = recorded("order/1", STARTED, id=event_id("/t", "cut-7"))
    second = recorded("order/1", STARTED, id=event_id("/t", uuid))
    effects = [caused("order/1", r.OrderPackaged(), "cut-7"), caused("order/2", STARTED, uuid)]
    assert figures("audit", [first, second, *effects]).orphan_causes == 0
    lost = caused("order/3", STARTED, "cut-8")
    audit = figures("audit", [first, second, *effects, lost])
    assert audit.orphan_causes == 1
    assert [(o.event_id, o.subject, o.causationid) for o in audit.orphans] == [
        (lost.event.id, "order/3", "cut-8")
    ]


def test_orphans_are_found_however_many_causes_there_are(monkeypatch):
    monkeypatch.setattr("projections.figures.audit._PENDING", 2)
    chain = [recorded("order/1", STARTED)]
    for _ in range(9):
        chain.append(caused("order/1", STARTED, chain[-1].event.id))
    lost = [caused("order/1", STARTED, f"lost-{n}") for n in range(4)]
    audit = figures("audit", [*lost, *chain])
    assert (audit.orphan_causes, audit.caused) == (4, 13)


def test_a_decision_without_an_actor_is_listed_and_a_report_is_not():
    events = [
        recorded("order/1", DRAFTED), recorded("order/1", e.OrderPlaced(), actor="clerk"),
        recorded("order/1", STARTED),
    ]  # fmt: skip
    audit = figures("audit", events)
    assert audit.missing_actors == 1
    assert [x.event_id for x in audit.without_actor] == [events[0].event.id]
    assert [(t.type, t.kind, t.events) for t in audit.by_type] == [
        ("order.order-drafted.v1", "decision", 1), ("order.order-placed.v1", "decision", 1),
        ("order.operation-started.v1", "report", 1),
    ]  # fmt: skip


def test_broken_rules_are_counted_and_their_reports_listed():
    events = [
        recorded("order/1", STARTED),
        recorded("order/1", STARTED),
        recorded("order/2", STARTED),
    ]
    audit = figures("audit", events)
    assert audit.unexpected == 3
    [rule] = audit.unexpected_by_rule
    assert (rule.rule, rule.reports, rule.orders) == ("started-without-being-queued", 3, 2)
    assert {f.event_id for f in audit.flagged} == {x.event.id for x in events}


def test_lists_are_bounded_and_counts_are_not():
    audit = figures("audit", [recorded(f"order/{n}", DRAFTED) for n in range(60)])
    assert (audit.missing_actors, len(audit.without_actor)) == (60, 50)


def test_the_share_of_wrongly_recognised_people():
    seen = [
        recorded("customer/ann", PrincipalRecognised(device="car", probability=0.9))
        for _ in range(4)
    ]
    wrong = PrincipalCorrected(device="car", recognition_id=seen[0].event.id)
    assert figures("audit", [*seen, recorded("customer/ann", wrong)]).wrong_person == 0.25
    assert figures("audit", []).wrong_person is None


def nodes(events):
    return [(n.depth, n.id) for n in story_of(fold("audit", events).values())]


def test_each_event_is_below_its_cause_across_streams():
    drafted = by_command(0, "order/1", DRAFTED)
    placed = by_command(1, "order/1", e.OrderPlaced())
    cut = caused("order/1", STARTED, placed.event.id, at=T0 + HOUR)
    seen = caused("customer/ann", PrincipalRecognised(device="car", probability=1), cut.event.id)
    alone = recorded("order/1", r.OrderPackaged(), at=T0 + 2 * HOUR)
    assert nodes([alone, seen, cut, placed, drafted]) == [
        (0, COMMAND), (1, drafted.event.id), (1, placed.event.id), (2, cut.event.id),
        (3, seen.event.id), (0, alone.event.id),
    ]  # fmt: skip


def test_a_missing_cause_is_above_its_effects():
    lost = caused("order/1", STARTED, "nobody-knows")
    [above, below] = story_of(fold("audit", [lost]).values())
    assert (above.event, above.id) == (None, event_id("/t", "nobody-knows"))
    assert (below.depth, below.id) == (1, lost.event.id)


def test_events_that_name_each_other_occur_once():
    one, other = event_id("/t", "one"), event_id("/t", "other")
    events = [
        recorded("order/1", STARTED, id=one, causationid=str(other)),
        recorded("order/1", STARTED, id=other, causationid=str(one)),
    ]
    assert sorted(id for _, id in nodes(events)) == sorted([one, other])
