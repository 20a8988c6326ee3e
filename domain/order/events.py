"""The decisions about an order. Their wire names and fields are the storage format: never rename
one. The reports are in `reports.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from domain.book.book import OrderLine
from domain.event import Choice, Data, Kind, event, strict
from domain.free_text.interpretation import Meaning
from domain.order.reports import Report, ReturnLines
from domain.personal import Personal, Plain, Pseudonym
from domain.pricing.quote import QuoteInput, QuoteLine, Requote, TraceLine
from domain.values import Currency, Money, Name, Quantity, Share, Text, Time


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One operation of an order's route through the plant, and the work centre that does it."""

    operation_id: Plain[Name]
    line_id: Plain[Name]
    work_centre: Plain[Name]


Route = Plain[Annotated[tuple[Step, ...], Field(min_length=1, max_length=1000)]]
OperationIds = Plain[Annotated[tuple[Name, ...], Field(min_length=1, max_length=1000)]]

# The configuration.


@event("order.order-drafted.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDrafted(Data):
    """An order was opened with its lines: products and how many pieces of each.

    `from_design` is the design that it was copied from. `book` is the catalogue that its options
    are chosen from and that prices it; without a book, its prices are given by hand.
    """

    lines: Plain[Annotated[tuple[OrderLine, ...], Field(min_length=1, max_length=1000)]]
    from_design: Pseudonym[Name | None] = None
    book: Plain[Name | None] = None


@event("order.option-chosen.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class OptionChosen(Choice):
    """A value was chosen for an option of a line; it replaces the value chosen before.

    `text` is what the customer wrote for the option, such as a monogram. `measurements` are the ids
    of the measurements that it is made by: the lengths stay in their own events.
    """

    line_id: Plain[Name]
    option: Plain[Name]
    value: Plain[Name]
    text: Personal[Text | None] = None
    measurements: Plain[Annotated[tuple[Name, ...], Field(max_length=100)]] = ()


@event("order.option-cleared.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class OptionCleared(Choice):
    """The choice for an option of a line was taken back."""

    line_id: Plain[Name]
    option: Plain[Name]


@event("order.special-instruction-given.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialInstructionGiven(Choice):
    """The customer asked for something in their own words, kept verbatim.

    Without `line_id` it is about the whole order.
    """

    instruction_id: Plain[Name]
    line_id: Plain[Name | None] = None
    text: Personal[Text]


@event("order.special-instruction-interpreted.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialInstructionInterpreted(Data):
    """An interpreter, or a person, said what a special instruction means.

    `operations` are codes of the work to be done; empty if it was not understood. `meanings` are
    the same, each with its price for a piece in `currency`. `confidence` is from 0 to 1,
    `understood` the share of the words that the meanings cover. If it is `unsure`, a person has to
    interpret it.
    """

    instruction_id: Plain[Name]
    operations: Plain[Annotated[tuple[Name, ...], Field(max_length=100)]]
    confidence: Plain[Share]
    by: Pseudonym[Name]
    meanings: Plain[Annotated[tuple[Meaning, ...], Field(max_length=100)]] = ()
    currency: Plain[Currency | None] = None
    understood: Plain[Share | None] = None
    unsure: Plain[bool] = False

    @property
    def amount(self) -> Decimal | None:
        """The price of all meanings for a piece; None unless each of them has a price."""
        amounts = [m.amount for m in self.meanings if m.amount is not None]
        priced = self.meanings and len(amounts) == len(self.meanings)
        return sum(amounts, Decimal(0)) if priced else None


@event("order.special-instruction-accepted.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialInstructionAccepted(Data):
    """We agreed to do what a special instruction asks for."""

    instruction_id: Plain[Name]


@event("order.special-instruction-declined.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialInstructionDeclined(Data):
    """We will not do what a special instruction asks for; `cause` is a code."""

    instruction_id: Plain[Name]
    cause: Plain[Name | None] = None


# The price, and the date.


@event("order.quote-issued.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteIssued(Data):
    """A price was offered for the order as it was then, until `expires_at`.

    `inputs` is everything that the price depends on, and `trace` what each rule adds: its amounts
    sum to `total`. `inputs_hash` is SHA-256 of the inputs. `configuration_hash` is a MAC of the
    configuration, texts included, under the customer's key: placing compares it. Both are in
    hexadecimal.
    """

    quote_id: Plain[Name]
    lines: Plain[Annotated[tuple[QuoteLine, ...], Field(min_length=1, max_length=1000)]]
    total: Plain[Money]
    currency: Plain[Currency]
    inputs: Plain[tuple[QuoteInput, ...]]
    inputs_hash: Plain[Name]
    configuration_hash: Pseudonym[Name]
    engine_version: Plain[Name]
    trace: Plain[tuple[TraceLine, ...]]
    expires_at: Plain[Time]


@event("order.quote-expired.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteExpired(Data):
    """A quote ran out before the order was placed."""

    quote_id: Plain[Name]


@event("order.order-placed.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlaced(Data):
    """The customer accepted a quote, and the order is agreed at its total.

    Orders of releases without quotes have no fields.
    """

    quote_id: Plain[Name | None] = None
    total: Plain[Money | None] = None
    currency: Plain[Currency | None] = None


@event("order.promise-made.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseMade(Data):
    """A delivery date was promised: `p90`, which nine in ten such orders meet.

    Half of them are delivered by `p50`. `basis` says what the dates were computed from.
    """

    p50: Plain[Time]
    p90: Plain[Time]
    basis: Plain[Name]


@event("order.promise-revised.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseRevised(Data):
    """The promised delivery date was replaced by another; the fields are those of PromiseMade."""

    p50: Plain[Time]
    p90: Plain[Time]
    basis: Plain[Name]


@event("order.promise-kept.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseKept(Data):
    """The order was delivered by the promised day."""

    promised: Plain[Time]
    delivered: Plain[Time]


@event("order.promise-missed.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseMissed(Data):
    """The promised day passed; `delivered` is empty if the order was not delivered yet."""

    promised: Plain[Time]
    delivered: Plain[Time | None] = None


# Changes to what is agreed.


@event("order.change-order-requested.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOrderRequested(Choice):
    """Another value was requested for an option whose choice is frozen; None clears the choice.

    `delta_price` and `delta_days` are what that adds to the price, in the order's currency, and to
    the promised date. With a book, `requote` is computed by us and proves `delta_price`.
    """

    change_id: Plain[Name]
    line_id: Plain[Name]
    option: Plain[Name]
    value: Plain[Name | None] = None
    text: Personal[Text | None] = None
    delta_price: Plain[Money] = Decimal(0)
    delta_days: Plain[Annotated[int, Field(ge=-3650, le=3650)]] = 0
    requote: Plain[Requote | None] = None


@event("order.change-order-approved.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOrderApproved(Data):
    """A change order was approved: the choice, the price and the promise change."""

    change_id: Plain[Name]


@event("order.change-order-rejected.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOrderRejected(Data):
    """A change order was rejected: nothing changes."""

    change_id: Plain[Name]


@event("order.operations-paused.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class OperationsPaused(Data):
    """Operations wait until a change order is approved or rejected."""

    change_id: Plain[Name]
    operations: OperationIds


@event("order.operations-resumed.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class OperationsResumed(Data):
    """Operations that waited for a change order go on."""

    change_id: Plain[Name]
    operations: OperationIds


# The plant, and what comes back.


@event("order.order-queued.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderQueued(Data):
    """The order was given to the plant, with its route."""

    route: Route


@event("order.rework-ordered.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class ReworkOrdered(Data):
    """Work to be done again, or in addition, because the check `check_id` failed."""

    check_id: Plain[Name]
    route: Route


@event("order.rework-escalated.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class ReworkEscalated(Data):
    """A check failed after so many `tries` at rework that a person has to decide."""

    check_id: Plain[Name]
    tries: Plain[Quantity]


@event("order.order-cancelled.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled(Data):
    """The order was cancelled, and with it every open operation.

    `sunk_cost` is what had been spent on it; the reason is in the envelope.
    """

    sunk_cost: Plain[Money] = Decimal(0)
    currency: Plain[Currency | None] = None


@event("order.return-requested.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnRequested(Data):
    """We agreed that the customer sends pieces of the order back."""

    return_id: Plain[Name]
    lines: ReturnLines


@event("order.refund-issued.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class RefundIssued(Data):
    """Money was paid back to the customer, for a return or without one."""

    refund_id: Plain[Name]
    amount: Plain[Money]
    currency: Plain[Currency]
    return_id: Plain[Name | None] = None


OrderEvent = (
    OrderDrafted
    | OptionChosen
    | OptionCleared
    | SpecialInstructionGiven
    | SpecialInstructionInterpreted
    | SpecialInstructionAccepted
    | SpecialInstructionDeclined
    | QuoteIssued
    | QuoteExpired
    | OrderPlaced
    | PromiseMade
    | PromiseRevised
    | PromiseKept
    | PromiseMissed
    | ChangeOrderRequested
    | ChangeOrderApproved
    | ChangeOrderRejected
    | OperationsPaused
    | OperationsResumed
    | OrderQueued
    | ReworkOrdered
    | ReworkEscalated
    | OrderCancelled
    | ReturnRequested
    | RefundIssued
    | Report
)
