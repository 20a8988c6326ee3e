"""The figures of the backlog, against numbers by hand."""

from __future__ import annotations

from decimal import Decimal

from domain.book.book import OrderLine
from domain.order import events as e
from domain.order import reports as r
from projections.backlog import may_change
from tests.unit.log import CHOICE, DAY, HOUR, T0, figures, fold, recorded


def work(kind, operation, hours, centre="sewing", order="1", **more):
    data = kind(operation_id=operation, line_id="L1", work_centre=centre, **more)
    return recorded(f"order/{order}", data, T0 + hours * HOUR)


def completed(operation, hours, run_s, **more):
    return work(r.OperationCompleted, operation, hours, quantity=1, run_s=run_s, **more)


SHOP = [
    work(r.OperationQueued, "a", 0),
    work(r.OperationStarted, "a", 1),
    work(r.OperationQueued, "b", 1),
    completed("a", 2, 1800.0),
    work(r.OperationQueued, "c", 3),
    work(r.OperationStarted, "b", 3),
    work(r.OperationQueued, "d", 3, "cutting", "2"),
    completed("d", 4, 600.0, centre="cutting", order="2"),
]


def test_a_work_centre_in_figures():
    """Queued at 0, 1 and 3 h, one completed after 2 h; the last report of the plant is at 4 h."""
    backlog = figures("backlog", SHOP, T0 + 5 * HOUR)
    cutting, sewing = backlog.work_centres
    assert (sewing.wip, sewing.paused) == (2, 0)
    assert (sewing.age_p50_h, sewing.age_p90_h) == (2.0, 4.0)
    assert (sewing.arrivals, sewing.completions, sewing.growing) == (3 / 4, 1 / 4, True)
    assert (sewing.run_s, sewing.utilisation) == (1800.0, 3 / 4 * 0.5)
    assert (sewing.took_h, sewing.little_h) == (2.0, 2 / (3 / 4))
    assert (cutting.wip, cutting.took_h, cutting.growing) == (0, 1.0, False)
    assert (backlog.bottleneck, backlog.until) == ("sewing", T0 + 4 * HOUR)


def test_rates_are_averages_over_four_weeks():
    old = [work(r.OperationQueued, "x", -24 * 100), completed("x", -24 * 100 + 1, 60.0)]
    [sewing] = figures("backlog", [*old, *SHOP[:4]], T0 + 5 * HOUR).work_centres
    assert (sewing.arrivals, sewing.completions) == (2 / 672, 1 / 672)
    assert sewing.run_s == 1800.0


def test_paused_operations_are_work_in_progress_and_cancelled_ones_are_not():
    steps = tuple(e.Step(operation_id=id, line_id="L1", work_centre="sewing") for id in ("a", "b"))
    queued = [
        recorded("order/1", e.OrderQueued(route=steps)),
        recorded("order/1", e.OperationsPaused(change_id="X1", operations=("a",))),
    ]
    [sewing] = figures("backlog", queued).work_centres
    assert (sewing.wip, sewing.paused) == (2, 1)
    [sewing] = figures("backlog", [*queued, recorded("order/1", e.OrderCancelled())]).work_centres
    assert (sewing.wip, sewing.paused) == (0, 0)


def test_promises_and_statuses():
    def promised(order, *more, days=3):
        promise = e.PromiseMade(p50=T0 + DAY, p90=T0 + days * DAY, basis="clerk")
        return [recorded(f"order/{order}", data) for data in (promise, *more)]

    again = e.PromiseRevised(p50=T0 + 2 * DAY, p90=T0 + 5 * DAY, basis="clerk")
    kept = e.PromiseKept(promised=T0 + 5 * DAY, delivered=T0 + 3 * DAY)
    backlog = figures("backlog", [
        *promised("1", again, again, kept),
        recorded("order/1", r.OrderDelivered(), T0 + 3 * DAY),
        *promised("2", e.PromiseMissed(promised=T0 + DAY)),
        *promised("3"),
        *promised("4", days=30),
    ], T0 + 10 * DAY)  # fmt: skip
    promises = backlog.promises
    assert (promises.made, promises.revised, promises.revisions_an_order) == (4, 1, 0.5)
    assert (promises.kept, promises.missed, promises.hit_rate) == (1, 1, 0.5)
    assert (promises.open, promises.overdue, promises.late_days) == (2, 1, 1.0)
    assert (backlog.orders, backlog.by_status) == (4, {"new": 3, "delivered": 1})


def test_a_report_that_breaks_a_rule_is_listed_in_the_row_of_its_order():
    sale = r.OrderLineAdopted(
        line_id="1", product="p", quantity=1, unit_price=Decimal(1), currency="GBP", origin="shop"
    )
    events = [
        recorded("order/1", sale), recorded("order/1", sale),
        recorded("order/1", r.PaymentRecorded(amount=Decimal(9), currency="EUR")),
    ]  # fmt: skip
    row = fold("backlog", events)["1"]
    assert [(b.event_id, b.rule) for b in row.unexpected] == [
        (events[1].event.id, "line-adopted-twice"),
        (events[2].event.id, "another-currency"),
    ]


def test_an_empty_plant_has_no_rates():
    backlog = figures("backlog", [])
    assert (backlog.orders, backlog.until, backlog.bottleneck, backlog.work_centres) == (
        0,
        None,
        None,
        (),
    )


def chosen(order, option, value, line="L1", stage="pre_manufacture"):
    facts = {**CHOICE, "stage": stage}
    return recorded(
        f"order/{order}", e.OptionChosen(line_id=line, option=option, value=value, **facts)
    )


def placed(order, pieces):
    lines = tuple(OrderLine(line_id=x, product="shoe", quantity=n) for x, n in pieces.items())
    return [recorded(f"order/{order}", e.OrderDrafted(lines=lines)),
            recorded(f"order/{order}", e.OrderPlaced())]  # fmt: skip


def test_load_by_option_counts_outstanding_pieces_of_placed_orders():
    passed = r.QualityCheckPassed(check_id="C1", line_id="L1", quantity=2)
    steps = tuple(e.Step(operation_id=i, line_id="L1", work_centre="sewing") for i in "ab")
    events = [
        *placed("1", {"L1": 3, "L2": 1}), chosen("1", "sole", "red"),
        chosen("1", "sole", "red", "L2"), chosen("1", "lace", "blue", "L2"),
        recorded("order/1", e.OrderQueued(route=steps)),
        completed("a", 1, 60.0), recorded("order/1", passed),
        *placed("2", {"L1": 5}), chosen("2", "sole", "red"), chosen("2", "sole", "black"),
        recorded("order/3", e.OrderDrafted(lines=(OrderLine(line_id="L1", product="shoe"),))),
        chosen("3", "sole", "red"),
        *placed("4", {"L1": 9}), chosen("4", "sole", "red"),
        recorded("order/4", e.OrderCancelled()),
    ]  # fmt: skip
    backlog = figures("backlog", events)
    assert [(x.option, x.value, x.orders, x.pieces, x.operations) for x in backlog.load] == [
        ("sole", "black", 1, 5, 0), ("sole", "red", 1, 2, 1), ("lace", "blue", 1, 1, 0),
    ]  # fmt: skip
    assert backlog.load_left_off == 0


def test_a_choice_may_change_until_its_stage_begins_then_by_change_order():
    change = e.ChangeOrderRequested(
        change_id="X1", line_id="L1", option="sole", value="black", **CHOICE
    )
    events = [*placed("1", {"L1": 1}), chosen("1", "sole", "red"),
             chosen("1", "monogram", "serif", stage="packaging")]  # fmt: skip

    def answers(*more):
        [row] = fold("backlog", [*events, *more]).values()
        return {c.value: may_change(row, c) for c in row.choices.options}

    assert answers() == {"red": "yes", "serif": "yes"}
    cut = work(r.OperationStarted, "a", 1)
    assert answers(cut) == {"red": "by change order", "serif": "yes"}
    approved = (
        recorded("order/1", change),
        recorded("order/1", e.ChangeOrderApproved(change_id="X1")),
    )
    assert answers(cut, *approved) == {"serif": "yes", "black": "by change order"}
    packed = recorded("order/1", r.PackagingStarted())
    assert set(answers(cut, packed).values()) == {"by change order"}
    assert set(answers(recorded("order/1", e.OrderCancelled())).values()) == {"no"}
