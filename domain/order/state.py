"""An order, as its events leave it: its progress, and what the customer wants. Never refuses."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

import msgspec

from domain.book.book import OrderLine, Selection
from domain.configuration import choosing
from domain.order import events as e
from domain.order.evolve import evolve as evolve_progress
from domain.order.progress import Progress, Status
from domain.personal import Erased
from domain.pricing.quote import book_version


class Answer(StrEnum):
    """What became of a special instruction."""

    GIVEN = "given"
    UNSURE = "unsure"
    INTERPRETED = "interpreted"
    ACCEPTED = "accepted"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Instruction:
    given: e.SpecialInstructionGiven
    read: e.SpecialInstructionInterpreted | None = None
    answer: Answer = Answer.GIVEN


@dataclass(frozen=True, slots=True)
class Order:
    progress: Progress = field(default_factory=Progress)
    book: str | None = None
    options: dict[tuple[str, str], e.OptionChosen] = field(default_factory=dict)
    instructions: dict[str, Instruction] = field(default_factory=dict)
    quotes: dict[str, e.QuoteIssued] = field(default_factory=dict)
    expired: frozenset[str] = frozenset()
    placed_quote: str | None = None
    changes: dict[str, e.ChangeOrderRequested] = field(default_factory=dict)
    refunds: frozenset[str] = frozenset()

    @property
    def status(self) -> Status:
        return self.progress.status

    @property
    def bound(self) -> tuple[str, int | None] | None:
        """The book, and the version that the order was placed under: an open one has the newest."""
        return (self.book, self.version) if self.book else None

    @property
    def quote(self) -> e.QuoteIssued | None:
        """The latest one, which replaces those before."""
        return next(reversed(self.quotes.values()), None)

    @property
    def version(self) -> int | None:
        """The version of its book that it was placed under, and is held to."""
        placed = self.quotes.get(self.placed_quote or "")
        return book_version(placed.inputs) if placed else None


def configuration(order: Order) -> bytes:
    """What a quote prices, whole and in one order: the lines, the choices, what was accepted."""
    options = [
        (line, option, chosen.value, chosen.stage, _text(chosen.text), *chosen.measurements)
        for (line, option), chosen in sorted(order.options.items())
    ]
    wishes = [
        (id, _text(wish.given.text))
        for id, wish in sorted(order.instructions.items())
        if wish.answer is Answer.ACCEPTED
    ]
    lines = [(line.line_id, line.product, line.ordered) for line in order.progress.lines]
    return msgspec.json.encode([lines, options, wishes])


def selections(order: Order) -> tuple[Selection, ...]:
    """The lines as constraints and prices see them."""
    lines = [
        OrderLine(line_id=line.line_id, product=line.product, quantity=line.ordered)
        for line in order.progress.lines
    ]
    return choosing.selections(lines, order.options)


def evolve(order: Order, event: e.OrderEvent, at: datetime) -> Order:
    order = replace(order, progress=evolve_progress(order.progress, event, at))
    match event:
        case e.OrderDrafted(book=book):
            return replace(order, book=book)
        case e.OptionChosen() | e.OptionCleared():
            return chosen(order, event)
        case e.SpecialInstructionGiven(instruction_id=id):
            return replace(order, instructions={**order.instructions, id: Instruction(event)})
        case e.SpecialInstructionInterpreted(instruction_id=id, unsure=unsure):
            return _answered(order, id, Answer.UNSURE if unsure else Answer.INTERPRETED, event)
        case e.SpecialInstructionAccepted(instruction_id=id):
            return _answered(order, id, Answer.ACCEPTED)
        case e.SpecialInstructionDeclined(instruction_id=id):
            return _answered(order, id, Answer.DECLINED)
        case e.QuoteIssued(quote_id=id):
            return replace(order, quotes={**order.quotes, id: event})
        case e.QuoteExpired(quote_id=id):
            return replace(order, expired=order.expired | {id})
        case e.OrderPlaced(quote_id=id):
            return replace(order, placed_quote=id)
        case e.ChangeOrderRequested(change_id=id):
            return replace(order, changes={**order.changes, id: event})
        case e.ChangeOrderApproved(change_id=id) if id in order.changes:
            return changed(order, order.changes[id])
        case e.RefundIssued(refund_id=id):
            return replace(order, refunds=order.refunds | {id})
    return order


def _answered(
    order: Order, id: str, answer: Answer, read: e.SpecialInstructionInterpreted | None = None
) -> Order:
    if id not in order.instructions:
        return order
    before = order.instructions[id]
    wish = replace(before, answer=answer, read=read or before.read)
    return replace(order, instructions={**order.instructions, id: wish})


def chosen(order: Order, choice: e.OptionChosen | e.OptionCleared) -> Order:
    key = choice.line_id, choice.option
    if isinstance(choice, e.OptionCleared):
        return replace(order, options=_without(order.options, key))
    return replace(order, options={**order.options, key: choice})


def changed(order: Order, change: e.ChangeOrderRequested) -> Order:
    """An approved change order alters the choice, frozen or not; its measurements stay."""
    key = change.line_id, change.option
    before = order.options.get(key)
    if change.value is None:
        return replace(order, options=_without(order.options, key))
    other = e.OptionChosen(
        line_id=change.line_id, option=change.option, value=change.value, text=change.text,
        origin=change.origin, choice_space=change.choice_space, target=change.target,
        stage=change.stage, collaboration=change.collaboration, effort_s=change.effort_s,
        measurements=before.measurements if before else (),
    )  # fmt: skip
    return replace(order, options={**order.options, key: other})


def _without(
    options: dict[tuple[str, str], e.OptionChosen], key: tuple[str, str]
) -> dict[tuple[str, str], e.OptionChosen]:
    return {k: v for k, v in options.items() if k != key}


def _text(text: str | Erased | None) -> str | None:
    return "" if isinstance(text, Erased) else text
