"""The state of an order that decisions need: its progress, choices, instructions and quotes."""

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


class InstructionStatus(StrEnum):
    """How far a special instruction is; `unsure`: a person has to interpret it."""

    GIVEN = "given"
    UNSURE = "unsure"
    INTERPRETED = "interpreted"
    ACCEPTED = "accepted"
    DECLINED = "declined"


ANSWERED = frozenset({InstructionStatus.ACCEPTED, InstructionStatus.DECLINED})


@dataclass(frozen=True, slots=True)
class Instruction:
    """A special instruction, with its newest interpretation."""

    request: e.SpecialInstructionGiven
    interpretation: e.SpecialInstructionInterpreted | None = None
    status: InstructionStatus = InstructionStatus.GIVEN


@dataclass(frozen=True, slots=True)
class Order:
    """An order. Its options are by line and option; the other parts by their ids."""

    progress: Progress = field(default_factory=Progress)
    book: str | None = None
    options: dict[tuple[str, str], e.OptionChosen] = field(default_factory=dict)
    instructions: dict[str, Instruction] = field(default_factory=dict)
    quotes: dict[str, e.QuoteIssued] = field(default_factory=dict)
    expired_quotes: frozenset[str] = frozenset()
    placed_quote: str | None = None
    changes: dict[str, e.ChangeOrderRequested] = field(default_factory=dict)
    refunds: frozenset[str] = frozenset()

    @property
    def status(self) -> Status:
        return self.progress.status

    @property
    def quote(self) -> e.QuoteIssued | None:
        """The latest quote, which replaces those before."""
        return next(reversed(self.quotes.values()), None)

    @property
    def agreed_version(self) -> int | None:
        """The version of the book that the order was placed under; None if there is none yet."""
        placed = self.quotes.get(self.placed_quote or "")
        return book_version(placed.inputs) if placed else None

    @property
    def book_reference(self) -> tuple[str, int | None] | None:
        """The book of the order, and its agreed version. An open order has the newest: None."""
        return (self.book, self.agreed_version) if self.book else None


def configuration(order: Order) -> bytes:
    """Return what a quote is for, in one canonical form: lines, choices, accepted instructions."""
    options = [
        (line, option, choice.value, choice.stage, _text(choice.text), *choice.measurements)
        for (line, option), choice in sorted(order.options.items())
    ]
    instructions = [
        (id, _text(instruction.request.text))
        for id, instruction in sorted(order.instructions.items())
        if instruction.status is InstructionStatus.ACCEPTED
    ]
    lines = [(line.line_id, line.product, line.ordered) for line in order.progress.lines]
    return msgspec.json.encode([lines, options, instructions])


def selections(order: Order) -> tuple[Selection, ...]:
    """Return the lines with their choices, as constraints and prices need them."""
    lines = [
        OrderLine(line_id=line.line_id, product=line.product, quantity=line.ordered)
        for line in order.progress.lines
    ]
    return choosing.selections(lines, order.options)


def evolve(order: Order, event: e.OrderEvent, at: datetime) -> Order:
    """Return the order after an event that happened at the time `at`."""
    order = replace(order, progress=evolve_progress(order.progress, event, at))
    match event:
        case e.OrderDrafted(book=book):
            return replace(order, book=book)
        case e.OptionChosen() | e.OptionCleared():
            return with_choice(order, event)
        case e.SpecialInstructionGiven(instruction_id=id):
            return replace(order, instructions={**order.instructions, id: Instruction(event)})
        case e.SpecialInstructionInterpreted(instruction_id=id, unsure=unsure):
            status = InstructionStatus.UNSURE if unsure else InstructionStatus.INTERPRETED
            return _with_instruction(order, id, status, event)
        case e.SpecialInstructionAccepted(instruction_id=id):
            return _with_instruction(order, id, InstructionStatus.ACCEPTED)
        case e.SpecialInstructionDeclined(instruction_id=id):
            return _with_instruction(order, id, InstructionStatus.DECLINED)
        case e.QuoteIssued(quote_id=id):
            return replace(order, quotes={**order.quotes, id: event})
        case e.QuoteExpired(quote_id=id):
            return replace(order, expired_quotes=order.expired_quotes | {id})
        case e.OrderPlaced(quote_id=id):
            return replace(order, placed_quote=id)
        case e.ChangeOrderRequested(change_id=id):
            return replace(order, changes={**order.changes, id: event})
        case e.ChangeOrderApproved(change_id=id) if id in order.changes:
            return with_change(order, order.changes[id])
        case e.RefundIssued(refund_id=id):
            return replace(order, refunds=order.refunds | {id})
    return order


def _with_instruction(
    order: Order,
    id: str,
    status: InstructionStatus,
    interpretation: e.SpecialInstructionInterpreted | None = None,
) -> Order:
    """The order with another status of an instruction, and another interpretation if given."""
    if id not in order.instructions:
        return order
    before = order.instructions[id]
    after = replace(before, status=status, interpretation=interpretation or before.interpretation)
    return replace(order, instructions={**order.instructions, id: after})


def with_choice(order: Order, choice: e.OptionChosen | e.OptionCleared) -> Order:
    """Return the order with a choice made, or taken back."""
    key = choice.line_id, choice.option
    if isinstance(choice, e.OptionCleared):
        return replace(order, options=_without(order.options, key))
    return replace(order, options={**order.options, key: choice})


def with_change(order: Order, change: e.ChangeOrderRequested) -> Order:
    """Return the order with a change order's choice; its measurements are those of before."""
    key = change.line_id, change.option
    before = order.options.get(key)
    if change.value is None:
        return replace(order, options=_without(order.options, key))
    choice = e.OptionChosen(
        line_id=change.line_id, option=change.option, value=change.value, text=change.text,
        origin=change.origin, choice_space=change.choice_space, target=change.target,
        stage=change.stage, collaboration=change.collaboration, effort_s=change.effort_s,
        measurements=before.measurements if before else (),
    )  # fmt: skip
    return replace(order, options={**order.options, key: choice})


def _without(
    options: dict[tuple[str, str], e.OptionChosen], key: tuple[str, str]
) -> dict[tuple[str, str], e.OptionChosen]:
    return {k: v for k, v in options.items() if k != key}


def _text(text: str | Erased | None) -> str | None:
    return "" if isinstance(text, Erased) else text
