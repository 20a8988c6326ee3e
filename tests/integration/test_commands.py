"""Commands: decided once, repeated safely, raced fairly."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from consumers.doors.commands import Command, Commands
from domain.errors import ConsentMissing, ContentsDiffer, NotAllowed
from domain.order.events import OrderDrafted, OrderLine, OrderPlaced

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LINES = [OrderLine(line_id="L1", product="shirt")]


@pytest.fixture
def commands(store, owners):
    return Commands(store, owners)


def ask(commands, id, name, subject="order/1", customer=None, **arguments):
    return commands.execute(
        Command(
            id=id, source="/desk", subject=subject, name=name, arguments=arguments, time=NOW,
            customer=customer,
        )
    )  # fmt: skip


def test_an_order_is_drafted_and_placed(commands):
    [drafted] = ask(commands, "1", "draft", lines=LINES).events
    [placed] = ask(commands, "2", "place").events
    assert (drafted.data, placed.data) == (OrderDrafted(lines=tuple(LINES)), OrderPlaced())
    assert (drafted.version, placed.version) == (1, 2)
    assert ask(commands, "3", "place").events == ()


def test_a_command_sent_again_gives_the_first_answer_and_other_contents_are_refused(commands):
    first = ask(commands, "1", "draft", lines=LINES)
    ask(commands, "2", "place")
    again = ask(commands, "1", "draft", lines=LINES)
    assert (again.events, again.known) == (first.events, True)
    other = [OrderLine(line_id="L2", product="hat")]
    with pytest.raises(ContentsDiffer):
        ask(commands, "1", "draft", lines=other)
    with pytest.raises(ContentsDiffer):
        ask(commands, "1", "draft", subject="order/2", lines=LINES)


def test_a_refusal_records_nothing_and_is_decided_anew(commands):
    with pytest.raises(NotAllowed, match="the order is new and cannot be placed"):
        ask(commands, "1", "place")
    ask(commands, "2", "draft", lines=LINES)
    assert len(ask(commands, "1", "place").events) == 1


def test_only_who_consents_can_order(commands, owners):
    with pytest.raises(ConsentMissing):
        ask(commands, "1", "draft", customer="shop:ann", lines=LINES)
    assert owners.find(["shop:ann"]) == {}
    granted = {"purposes": ["fulfil"], "policy_version": "p1"}
    ask(commands, "2", "grant-consent", subject="customer/shop:ann", **granted)
    [drafted] = ask(commands, "1", "draft", customer="shop:ann", lines=LINES).events
    assert drafted.event.customerid == owners.find(["shop:ann"])["shop:ann"]
    ask(commands, "3", "withdraw-consent", subject="customer/shop:ann", **granted)
    with pytest.raises(ConsentMissing):
        ask(commands, "4", "place")


def test_of_eight_who_place_at_once_one_does(commands):
    ask(commands, "0", "draft", lines=LINES)
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda i: ask(commands, f"p{i}", "place"), range(8)))
    assert sum(len(d.events) for d in done) == 1
