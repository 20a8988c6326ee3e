"""The gate: what a publisher sends is stored once, under our customer, or answered."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from consumers.doors.gate import Gate
from consumers.ports import Appended, StreamAppend
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
def gate(store, owners):
    return Gate(store, owners, ["personalize"])


def test_one_batch_is_answered_item_by_item(gate, owners):
    answers = gate.accept([seen("1"), b"{", seen("2", "shop:bob"), seen("1", item="lily")], NOW)
    assert [type(a) for a in answers] == [Appended, Malformed, Appended, ContentsDiffer]
    again = gate.accept([seen("1"), seen("2", "shop:bob")], NOW)
    assert [a.known for a in again] == [True, True]
    assert set(owners.find(["shop:ann", "shop:bob"])) == {"shop:ann", "shop:bob"}


def test_an_event_is_about_the_same_customer_by_either_name(gate, owners, store):
    gate.accept([seen("1")], NOW)
    minted = owners.find(["shop:ann"])["shop:ann"]
    [answer] = gate.accept([seen("2", minted)], NOW)
    assert isinstance(answer, Appended)
    [stored] = store.read_stream(str(event_id("/shop", "2")))
    assert stored.event.subject == f"customer/{minted}"


def test_without_a_basis_a_stranger_is_refused_and_nothing_is_minted(store, owners, deployment):
    [answer] = Gate(store, owners).accept([seen("1")], NOW)
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


def test_a_report_on_an_order_that_nobody_opened_needs_a_customer(gate):
    report = seen("1", type="order.order-shipped.v1", subject="order/1", data={})
    [answer] = gate.accept([report], NOW)
    assert "order/1 is not open" in str(answer)
    [answer] = gate.accept([seen("2", type="order.order-shipped.v1", subject="order/1", data={},
                                 customerid="shop:ann")], NOW)  # fmt: skip
    assert isinstance(answer, Appended)
    [answer] = gate.accept([seen("3", type="order.order-shipped.v1", subject="order/1",
                                 data={})], NOW)  # fmt: skip
    assert isinstance(answer, Appended)
