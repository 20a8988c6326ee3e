"""Commands: decided once, repeated safely, raced fairly."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from consumers.doors import command_types
from consumers.doors.command_types import parse_arguments
from consumers.doors.commands import Command, Commands
from consumers.doors.former_commands import FORMER_COMMANDS
from domain.book.book import OrderLine
from domain.errors import ConsentMissing, ContentsDiffer, Malformed, NotAllowed
from domain.order.events import OptionChosen, OptionCleared, OrderDrafted, OrderPlaced
from domain.pricing.quote import QuoteLine

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LINES = [OrderLine(line_id="L1", product="shirt")]
QUOTE = {
    "quote_id": "Q1", "lines": [QuoteLine(line_id="L1", amount=Decimal("40"))],
    "currency": "EUR", "expires_at": NOW + timedelta(days=1),
}  # fmt: skip
PLACE = {"quote_id": "Q1"}


@pytest.fixture
def commands(store, owners, held_reports):
    return Commands(store, owners, held_reports)


def send(commands, id, name, subject="order/1", customer=None, **arguments):
    return commands.execute(
        Command(
            id=id, source="/desk", subject=subject, name=name, arguments=arguments, time=NOW,
            customer=customer,
        )
    )  # fmt: skip


def test_an_order_is_drafted_and_placed(commands):
    [drafted] = send(commands, "1", "draft", lines=LINES).events
    send(commands, "2", "quote", **QUOTE)
    [placed] = send(commands, "3", "place", **PLACE).events
    agreed = OrderPlaced(quote_id="Q1", total=Decimal("40"), currency="EUR")
    assert (drafted.data, placed.data) == (OrderDrafted(lines=tuple(LINES)), agreed)
    assert (drafted.version, placed.version) == (1, 3)
    assert send(commands, "4", "place", **PLACE).events == ()


def test_what_changed_after_its_quote_is_not_placed_at_its_price(commands):
    send(commands, "1", "draft", lines=LINES)
    send(commands, "2", "quote", **QUOTE)
    chosen = {"line_id": "L1", "option": "monogram", "value": "serif", "text": "A.B."}
    facts = {"origin": "direct", "choice_space": "closed", "target": "product",
             "stage": "packaging"}  # fmt: skip
    send(commands, "3", "choose", choice=OptionChosen(**chosen, **facts))
    with pytest.raises(NotAllowed, match="has changed since quote Q1"):
        send(commands, "4", "place", **PLACE)
    send(commands, "5", "clear", choice=OptionCleared(line_id="L1", option="monogram", **facts))
    assert len(send(commands, "6", "place", **PLACE).events) == 1


def test_arguments_are_taken_literally():
    arguments = (
        b'{"quote_id": "Q1", "lines": [{"line_id": "L1", "amount": 40}], "currency": "EUR", '
    )
    with pytest.raises(Malformed, match=r"lines\.0\.amount: money is text, not a number"):
        parse_arguments("order", "quote", arguments + b'"expires_at": "2026-03-01T12:00:00Z"}')
    arguments = arguments.replace(b"40", b'"40"')
    with pytest.raises(Malformed, match="expires_at: the time has no zone"):
        parse_arguments("order", "quote", arguments + b'"expires_at": "2026-03-01T12:00:00"}')
    with pytest.raises(Malformed, match="now: is not a field"):
        parse_arguments("order", "place", b'{"quote_id": "Q1", "now": "2026-03-01T12:00:00Z"}')
    with pytest.raises(Malformed, match="there is no command order plaice: there are draft"):
        parse_arguments("order", "plaice", b"{}")


def test_a_command_sent_again_gives_the_first_answer_and_other_contents_are_refused(commands):
    first = send(commands, "1", "draft", lines=LINES)
    send(commands, "2", "quote", **QUOTE)
    again = send(commands, "1", "draft", lines=LINES)
    assert (again.events, again.duplicate) == (first.events, True)
    other = [OrderLine(line_id="L2", product="hat")]
    with pytest.raises(ContentsDiffer):
        send(commands, "1", "draft", lines=other)
    with pytest.raises(ContentsDiffer):
        send(commands, "1", "draft", subject="order/2", lines=LINES)


def test_a_former_version_of_a_command_is_accepted_and_repeated(commands, monkeypatch):
    def draft_v1(*, items: Sequence[OrderLine]) -> dict[str, Any]:
        return {"lines": items}

    monkeypatch.setitem(FORMER_COMMANDS, ("order", "draft"), (draft_v1,))
    for cached in (command_types.command_types, command_types.command_type):
        cached.cache_clear()
    former = Command(
        id="1", source="/desk", subject="order/1", name="draft", version=1, time=NOW,
        arguments={"items": LINES},
    )  # fmt: skip
    try:
        first, again = commands.execute(former), commands.execute(former)
        assert [recorded.data for recorded in first.events] == [OrderDrafted(lines=tuple(LINES))]
        assert (again.events, again.duplicate) == (first.events, True)
        with pytest.raises(ContentsDiffer):
            send(commands, "1", "draft", lines=LINES)
    finally:
        monkeypatch.undo()
        for cached in (command_types.command_types, command_types.command_type):
            cached.cache_clear()


def test_a_refusal_records_nothing_and_is_decided_anew(commands):
    with pytest.raises(NotAllowed, match="the order is new and cannot be quoted"):
        send(commands, "1", "quote", **QUOTE)
    send(commands, "2", "draft", lines=LINES)
    assert len(send(commands, "1", "quote", **QUOTE).events) == 1


def test_only_who_consents_can_order(commands, owners):
    with pytest.raises(ConsentMissing):
        send(commands, "1", "draft", customer="shop:ann", lines=LINES)
    assert owners.find(["shop:ann"]) == {}
    granted = {"purposes": ["fulfil"], "policy_version": "p1"}
    send(commands, "2", "grant-consent", subject="customer/shop:ann", **granted)
    [drafted] = send(commands, "1", "draft", customer="shop:ann", lines=LINES).events
    assert drafted.event.customerid == owners.find(["shop:ann"])["shop:ann"]
    send(commands, "3", "withdraw-consent", subject="customer/shop:ann", **granted)
    with pytest.raises(ConsentMissing):
        send(commands, "4", "quote", **QUOTE)


def test_of_eight_who_place_at_once_one_does(commands):
    send(commands, "0", "draft", lines=LINES)
    send(commands, "1", "quote", **QUOTE)
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda i: send(commands, f"p{i}", "place", **PLACE), range(8)))
    assert sum(len(d.events) for d in done) == 1
