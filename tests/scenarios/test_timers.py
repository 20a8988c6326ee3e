"""Each event that becomes due is recorded once, by `up` or by `timers --once`."""

from __future__ import annotations

import random
import signal
import time
from datetime import UTC, datetime, timedelta

from tests.frontdoor import message

NOW = datetime.now(UTC)
INTAKE = {"intake_id": "i1", "questions": ["hair", "scent"]}
ANSWER = {
    "intake_id": "i1", "question_id": "hair", "answer": "curly", "origin": "direct",
    "choice_space": "intake", "target": "product", "stage": "pre_manufacture",
}  # fmt: skip


def at(days: float) -> str:
    return (NOW + timedelta(days=days)).isoformat()


def quoted(front, order, hours):
    front.ok("order", "draft", order, "--line", "L1=shirt")
    front.ok("order", "quote", order, "Q1", "--line", "L1=80.00", "--currency", "EUR",
             "--hours", hours)  # fmt: skip


def promised(front, order, days):
    quoted(front, order, 1)
    front.ok("order", "place", order, "Q1")
    dates = f'{{"p50": "{at(days - 1)}", "p90": "{at(days)}", "basis": "clerk"}}'
    front.ok("order", "tell", order, "promise", dates)


def event_names(front, subject):
    return [r["type"].split(".")[1] for r in front.show("audit", subject)]


SOON_H = 0.001
"""Hours until a quote expires: 3.6 s, long enough for a busy machine to issue it before."""


def test_a_quote_expires_once_and_a_placed_one_never(front):
    quoted(front, "1", SOON_H)
    quoted(front, "2", 1)
    front.ok("order", "place", "2", "Q1")
    time.sleep(SOON_H * 3600)
    assert "1 events were due" in front.ok("timers", "--once")
    assert "0 events were due" in front.ok("timers", "--once")
    assert event_names(front, "order/1")[-1] == "quote-expired"
    assert front.show("backlog", "1")[0]["status"] == "draft"
    assert "quote-expired" not in event_names(front, "order/2")
    assert "expired" in front.refused("order", "place", "1", "Q1")


def test_a_promise_is_missed_after_its_day_and_kept_when_delivery_is_in_time(front):
    for order, days in (("late", -2), ("coming", 2), ("kept", 2)):
        promised(front, order, days)
    front.publish(message("1", "order.order-delivered.v1", "order/kept", {}, time=at(0)))
    assert "2 events were due" in front.ok("timers", "--once")
    assert event_names(front, "order/late")[-1] == "promise-missed"
    assert event_names(front, "order/coming")[-1] == "promise-made"
    assert event_names(front, "order/kept")[-1] == "promise-kept"
    # Delivered in time, but reported late.
    front.publish(message("2", "order.order-delivered.v1", "order/late", {}, time=at(-3)))
    front.ok("timers", "--once")
    assert event_names(front, "order/late")[-2:] == ["order-delivered", "promise-kept"]
    assert "0 events were due" in front.ok("timers", "--once")


def test_an_intake_that_nobody_finishes_is_abandoned(front):
    for customer in ("ann", "bob"):
        subject = f"customer/shop:{customer}"
        front.publish(
            message(f"{customer}1", "customer.intake-started.v1", subject, INTAKE, time=at(-3)),
            message(f"{customer}2", "customer.intake-answered.v1", subject, ANSWER, time=at(-2)),
        )
    front.publish(message("3", "customer.intake-skipped.v1", "customer/shop:bob",
                          {"intake_id": "i1", "question_id": "scent"}, time=at(-2)))  # fmt: skip
    assert "1 events were due" in front.ok("timers", "--once")
    [abandoned] = [r for r in front.show("audit", "customer/shop:ann") if r["actor"] == "timers"]
    assert abandoned["type"] == "customer.intake-abandoned.v1"
    assert abandoned["time"] == at(-1).replace("+00:00", "Z")
    assert "0 events were due" in front.ok("timers", "--once")


def test_timers_killed_at_any_moment_record_each_event_once(front):
    dice = random.Random(20260301)
    orders = [f"o{n}" for n in range(3)]
    for order in orders:
        quoted(front, order, SOON_H)
    time.sleep(SOON_H * 3600)
    for _ in range(5):
        timers = front.start("timers")
        time.sleep(0.2 + dice.random() * 0.4)
        timers.send_signal(signal.SIGKILL)
        timers.wait()
    front.ok("timers", "--once")
    for order in orders:
        assert event_names(front, f"order/{order}").count("quote-expired") == 1


def test_a_report_on_an_order_that_nobody_opened_is_held_listed_and_released(front):
    report = message("1", "order.order-delivered.v1", "order/9", {}, reason="MARKER")
    assert "1 held, 0 refused" in front.publish(report)
    [held] = front.rows("held")
    assert (held["subject"], held["type"]) == ("order/9", "order.order-delivered.v1")
    assert "there is no such customer" in front.refused(
        "held", "release", held["id"], "--customer", "shop:ann"
    )
    assert "Stored at" in front.ok("held", "release", held["id"])
    assert front.rows("held") == []
    assert event_names(front, "order/9") == ["order-delivered"]
    assert "no report is held" in front.refused("held", "release", held["id"])
