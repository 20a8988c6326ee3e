"""The whole life of an order, by commands on the command line, and its row in `backlog`."""

from __future__ import annotations

import json

import pytest

from tests.frontdoor import FACTS, message

CUT = {"operation_id": "cut", "line_id": "L1", "work_centre": "cutting"}


@pytest.fixture(autouse=True)
def drafted(front):
    front.publish(
        message("0", "customer.preference-stated.v1", "customer/shop:ann",
                {"attribute": "milk", "value": "oat", **FACTS})
    )  # fmt: skip
    front.ok("order", "draft", "7", "--line", "L1=shirt:2", "--customer", "shop:ann")


def tell(front, command, **arguments):
    return front.ok("order", "tell", "7", command, json.dumps(arguments))


def refused(front, command, **arguments):
    return front.refused("order", "tell", "7", command, json.dumps(arguments))


def place(front):
    front.ok("order", "quote", "7", "Q1", "--line", "L1=80.00", "--currency", "EUR")
    front.ok("order", "place", "7", "Q1")


def report(front, *kinds, **data):
    front.publish(
        *[
            message(f"{kind}-{json.dumps(data)}", f"order.{kind}.v1", "order/7", data)
            for kind in kinds
        ]
    )


def progress(front):
    return front.show("backlog", "7")[0]["progress"]


def test_an_instruction_must_be_interpreted_and_accepted_before_the_order_is_placed(front):
    tell(front, "instruct", instruction={"instruction_id": "I1", "text": "no starch!", **FACTS})
    front.ok("order", "quote", "7", "Q1", "--line", "L1=80.00", "--currency", "EUR")
    assert "instruction I1 is open" in front.refused("order", "place", "7", "Q1")
    tell(front, "interpret", instruction_id="I1", operations=["no-starch"], confidence=0.8,
         by="clerk-1")  # fmt: skip
    tell(front, "accept", instruction_id="I1")
    assert "has changed since quote Q1" in front.refused("order", "place", "7", "Q1")
    front.ok("order", "quote", "7", "Q2", "--line", "L1=82.00", "--currency", "EUR")
    front.ok("order", "place", "7", "Q2")
    assert progress(front)["total"] == "82.00"


def test_a_change_order_pauses_its_operations_and_changes_a_frozen_choice(front):
    front.ok("order", "choose", "7", "L1", "fit", "slim", "--stage", "pre_manufacture")
    place(front)
    front.ok("order", "queue", "7", "--operation", "cut:L1:cutting", "--operation",
             "sew:L1:sewing")  # fmt: skip
    report(front, "operation-started", **CUT)
    assert "request a change order" in front.refused(
        "order", "choose", "7", "L1", "fit", "wide", "--stage", "pre_manufacture"
    )
    wide = {"change_id": "X1", "line_id": "L1", "option": "fit", "value": "wide",
            "delta_price": "5.50", **FACTS, "stage": "pre_manufacture"}  # fmt: skip
    tell(front, "request-change", change=wide)
    assert [o["paused_by"] for o in progress(front)["operations"]] == ["X1", "X1"]
    tell(front, "approve-change", change_id="X1")
    after = progress(front)
    assert [o["paused_by"] for o in after["operations"]] == [None, None]
    assert after["total"] == "85.50"


def test_rework_is_bounded_and_a_refund_never_exceeds_what_was_paid(front):
    place(front)
    front.ok("order", "queue", "7", "--operation", "cut:L1:cutting")
    report(front, "operation-started", **CUT)
    report(front, "operation-completed", **CUT, quantity=2, run_s=60)
    for n in range(4):
        report(front, "quality-check-failed", check_id=f"C{n}", line_id="L1", quantity=1,
               defect="loose thread")  # fmt: skip
        step = {"operation_id": f"again-{n}", "line_id": "L1", "work_centre": "sewing"}
        output = tell(front, "rework", check_id=f"C{n}", route=[step])
        assert ("rework-escalated" in output) == (n == 3)
    report(front, "payment-recorded", amount="80.00", currency="EUR")
    report(front, "order-delivered")
    line = {"line_id": "L1", "product": "shirt", "quantity": 3}
    assert "only 2 can come back" in refused(front, "request-return", return_id="R1", lines=[line])
    tell(front, "request-return", return_id="R1", lines=[{**line, "quantity": 2}])
    refund = {"refund_id": "F1", "amount": "80.01", "currency": "EUR", "return_id": "R1"}
    assert "only 80.00 is left to refund" in refused(front, "refund", **refund)
    tell(front, "refund", **{**refund, "amount": "80.00"})
    assert "money is text, not a number" in refused(front, "refund", **{**refund, "amount": 1})
    assert "in EUR" in refused(front, "refund", **{**refund, "refund_id": "F2", "currency": "GBP"})
    assert progress(front)["refunded"] == "80.00"


def test_cancelling_a_queued_order_requires_and_records_the_sunk_cost(front):
    place(front)
    front.ok("order", "queue", "7", "--operation", "cut:L1:cutting")
    assert "give the cost so far" in front.refused("order", "cancel", "7")
    front.ok("order", "cancel", "7", "--sunk-cost", "12.00", "--reason", "changed their mind")
    after = progress(front)
    assert (after["status"], after["sunk_cost"]) == ("cancelled", "12.00")
    assert after["operations"][0]["closed"]
