"""Where it backs up, against numbers made by hand."""

from __future__ import annotations

from decimal import Decimal

from domain.order import events as e
from domain.order import reports as r
from tests.unit.log import DAY, HOUR, T0, figures, fold, said


def work(kind, operation, hours, centre="sewing", order="1", **more):
    data = kind(operation_id=operation, line_id="L1", work_centre=centre, **more)
    return said(f"order/{order}", data, T0 + hours * HOUR)


def done(operation, hours, run_s, **more):
    return work(r.OperationCompleted, operation, hours, quantity=1, run_s=run_s, **more)


SHOP = [
    work(r.OperationQueued, "a", 0),
    work(r.OperationStarted, "a", 1),
    work(r.OperationQueued, "b", 1),
    done("a", 2, 1800.0),
    work(r.OperationQueued, "c", 3),
    work(r.OperationStarted, "b", 3),
    work(r.OperationQueued, "d", 3, "cutting", "2"),
    done("d", 4, 600.0, centre="cutting", order="2"),
]


def test_a_work_centre_in_figures():
    """Queued at 0, 1 and 3 h, one completed after 2 h; the plant's last word is at 4 h."""
    made = figures("backlog", SHOP, T0 + 5 * HOUR)
    cutting, sewing = made.work_centres
    assert (sewing.wip, sewing.paused) == (2, 0)
    assert (sewing.age_p50_h, sewing.age_p90_h) == (2.0, 4.0)
    assert (sewing.arrivals, sewing.completions, sewing.growing) == (3 / 4, 1 / 4, True)
    assert (sewing.run_s, sewing.utilisation) == (1800.0, 3 / 4 * 0.5)
    assert (sewing.took_h, sewing.little_h) == (2.0, 2 / (3 / 4))
    assert (cutting.wip, cutting.took_h, cutting.growing) == (0, 1.0, False)
    assert (made.bottleneck, made.until) == ("sewing", T0 + 4 * HOUR)


def test_rates_are_those_of_four_weeks():
    old = [work(r.OperationQueued, "x", -24 * 100), done("x", -24 * 100 + 1, 60.0)]
    [sewing] = figures("backlog", [*old, *SHOP[:4]], T0 + 5 * HOUR).work_centres
    assert (sewing.arrivals, sewing.completions) == (2 / 672, 1 / 672)
    assert sewing.run_s == 1800.0


def test_what_is_cancelled_or_paused():
    steps = tuple(e.Step(operation_id=id, line_id="L1", work_centre="sewing") for id in ("a", "b"))
    queued = [
        said("order/1", e.OrderQueued(route=steps)),
        said("order/1", e.OperationsPaused(change_id="X1", operations=("a",))),
    ]
    [sewing] = figures("backlog", queued).work_centres
    assert (sewing.wip, sewing.paused) == (2, 1)
    [sewing] = figures("backlog", [*queued, said("order/1", e.OrderCancelled())]).work_centres
    assert (sewing.wip, sewing.paused) == (0, 0)


def test_promises_and_statuses():
    def promised(order, *more, days=3):
        made = e.PromiseMade(p50=T0 + DAY, p90=T0 + days * DAY, basis="clerk")
        return [said(f"order/{order}", data) for data in (made, *more)]

    again = e.PromiseRevised(p50=T0 + 2 * DAY, p90=T0 + 5 * DAY, basis="clerk")
    kept = e.PromiseKept(promised=T0 + 5 * DAY, delivered=T0 + 3 * DAY)
    made = figures("backlog", [
        *promised("1", again, again, kept),
        said("order/1", r.OrderDelivered(), T0 + 3 * DAY),
        *promised("2", e.PromiseMissed(promised=T0 + DAY)),
        *promised("3"),
        *promised("4", days=30),
    ], T0 + 10 * DAY)  # fmt: skip
    promises = made.promises
    assert (promises.made, promises.revised, promises.revisions_an_order) == (4, 1, 0.5)
    assert (promises.kept, promises.missed, promises.hit_rate) == (1, 1, 0.5)
    assert (promises.open, promises.overdue, promises.late_days) == (2, 1, 1.0)
    assert (made.orders, made.by_status) == (4, {"new": 3, "delivered": 1})


def test_what_a_report_breaks_stands_in_the_orders_row():
    sale = r.OrderLineAdopted(
        line_id="1", product="p", quantity=1, unit_price=Decimal(1), currency="GBP", origin="shop"
    )
    events = [
        said("order/1", sale), said("order/1", sale),
        said("order/1", r.PaymentRecorded(amount=Decimal(9), currency="EUR")),
    ]  # fmt: skip
    row = fold("backlog", events)["1"]
    assert [(b.event_id, b.rule) for b in row.unexpected] == [
        (events[1].event.id, "line-adopted-twice"),
        (events[2].event.id, "another-currency"),
    ]


def test_an_empty_plant_has_no_rates():
    made = figures("backlog", [])
    assert (made.orders, made.until, made.bottleneck, made.work_centres) == (0, None, None, ())
