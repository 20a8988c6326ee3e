"""The gate: what a publisher sends is stored once, under our customer, or answered."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from consumers.doors.commands import Command, Commands
from consumers.doors.gate import Gate
from consumers.ports.store import Appended, ReportHeld, StreamAppend
from domain.book.book import OrderLine
from domain.customer.events import ConsentWithdrawn
from domain.errors import ConsentMissing, ContentsDiffer, Malformed
from domain.event import Event, event_id

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def seen(id, customer="shop:ann", item="rose", **more):
    message = {
        "id": id, "source": "/shop", "type": "customer.behaviour-observed.v1",
        "subject": f"customer/{customer}", "time": "2026-03-01T12:00:00Z",
        "data": {"kind": "view", "item": item}, **more,
    }  # fmt: skip
    return json.dumps(message).encode()


@pytest.fixture
def gate(store, owners, held_reports):
    return Gate(store, owners, held_reports, ["personalize"])


@pytest.fixture
def commands(store, owners, held_reports):
    return Commands(store, owners, held_reports)


def test_one_batch_is_answered_item_by_item(gate, owners):
    answers = gate.accept([seen("1"), b"{", seen("2", "shop:bob"), seen("1", item="lily")], NOW)
    assert [type(a) for a in answers] == [Appended, Malformed, Appended, ContentsDiffer]
    again = gate.accept([seen("1"), seen("2", "shop:bob")], NOW)
    assert [a.duplicate for a in again] == [True, True]
    assert set(owners.find(["shop:ann", "shop:bob"])) == {"shop:ann", "shop:bob"}


def test_an_event_is_about_the_same_customer_by_either_name(gate, owners, store):
    gate.accept([seen("1")], NOW)
    minted = owners.find(["shop:ann"])["shop:ann"]
    [answer] = gate.accept([seen("2", minted)], NOW)
    assert isinstance(answer, Appended)
    [stored] = store.read_stream(str(event_id("/shop", "2")))
    assert stored.event.subject == f"customer/{minted}"


def test_without_a_basis_a_stranger_is_refused_and_nothing_is_minted(
    store, owners, held_reports, deployment
):
    [answer] = Gate(store, owners, held_reports).accept([seen("1")], NOW)
    assert isinstance(answer, ConsentMissing)
    assert deployment.sql("SELECT count(*) FROM store.owner") == [(0,)]


def test_a_basis_does_not_overrule_a_withdrawal(gate, owners, store):
    gate.accept([seen("1")], NOW)
    customer = owners.find(["shop:ann"])["shop:ann"]
    stream = f"customer/{customer}"
    withdrawn = ConsentWithdrawn(purposes=("personalize",), policy_version="p")
    store.append(
        [
            StreamAppend(
                stream,
                (Event(id=event_id("/t", "w"), source="/t", subject=stream, time=NOW,
                       data=withdrawn, customerid=customer),),
            )
        ]
    )  # fmt: skip
    [answer] = gate.accept([seen("2")], NOW)
    assert isinstance(answer, ConsentMissing)


def shipped(id, **more):
    return seen(id, type="order.order-shipped.v1", subject="order/1", data={}, **more)


def test_a_report_on_an_order_that_nobody_opened_is_held_until_it_opens(gate, held_reports, store):
    [answer] = gate.accept([shipped("1")], NOW)
    assert answer == ReportHeld(event_id("/shop", "1"))
    [again] = gate.accept([shipped("1")], NOW)
    assert again == ReportHeld(event_id("/shop", "1"), duplicate=True)
    [other] = gate.accept([shipped("1", channel="web")], NOW)
    assert isinstance(other, ContentsDiffer)
    [opening] = gate.accept([shipped("2", customerid="shop:ann")], NOW)
    assert isinstance(opening, Appended)
    assert [r.event.id for r in store.read_stream("order/1")] == [
        event_id("/shop", "2"), event_id("/shop", "1")
    ]  # fmt: skip
    [now_known] = gate.accept([shipped("1")], NOW)
    assert (type(now_known), now_known.duplicate) == (Appended, True)
    assert held_reports.release() == {}


def test_a_command_that_opens_an_order_lets_in_what_was_held(gate, commands, store):
    gate.accept([shipped("1")], NOW)
    commands.execute(
        Command(
            id="1", source="/desk", subject="order/1", name="draft", time=NOW,
            arguments={"lines": [OrderLine(line_id="L1", product="shirt")]},
        )
    )  # fmt: skip
    assert [r.event.type for r in store.read_stream("order/1")] == [
        "order.order-drafted.v1", "order.order-shipped.v1"
    ]  # fmt: skip


def test_an_order_taken_elsewhere_opens_itself_with_a_customer_or_without(gate, store):
    sold = {"line_id": "1", "product": "lantern", "quantity": 6, "unit_price": "3.39",
            "currency": "GBP", "origin": "till"}  # fmt: skip
    adopted = {"type": "order.order-line-adopted.v1", "data": sold}
    gate.accept([seen("1", subject="order/1", **adopted),
                 seen("2", subject="order/2", customerid="shop:ann", **adopted)], NOW)  # fmt: skip
    [nobodys], [anns] = store.read_stream("order/1"), store.read_stream("order/2")
    assert (nobodys.owner, nobodys.event.customerid) == ("order/1", None)
    assert anns.owner == anns.event.customerid
