"""What is decided about an order. The wire names and fields below are the storage format."""

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
    """One operation of an order's route through the plant."""

    operation_id: Plain[Name]
    line_id: Plain[Name]
    work_centre: Plain[Name]


Route = Plain[Annotated[tuple[Step, ...], Field(min_length=1, max_length=1000)]]
OperationIds = Plain[Annotated[tuple[Name, ...], Field(min_length=1, max_length=1000)]]

# The configuration.


@event("order.order-drafted.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDrafted(Data):
    """`book` names the catalogue that it is chosen from and priced by, where there is one."""

    lines: Plain[Annotated[tuple[OrderLine, ...], Field(min_length=1, max_length=1000)]]
    from_design: Pseudonym[Name | None] = None
    book: Plain[Name | None] = None


@event("order.option-chosen.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class OptionChosen(Choice):
    """`text` is what the customer wrote for the option, a monogram say.

    `measurements` are ids of those that it is made by: the lengths stay in their own events.
    """

    line_id: Plain[Name]
    option: Plain[Name]
    value: Plain[Name]
    text: Personal[Text | None] = None
    measurements: Plain[Annotated[tuple[Name, ...], Field(max_length=100)]] = ()


@event("order.option-cleared.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class OptionCleared(Choice):
    line_id: Plain[Name]
    option: Plain[Name]


@event("order.special-instruction-given.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialInstructionGiven(Choice):
    """The customer's own words, verbatim; without a line they are about the whole order."""

    instruction_id: Plain[Name]
    line_id: Plain[Name | None] = None
    text: Personal[Text]


@event("order.special-instruction-interpreted.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialInstructionInterpreted(Data):
    """`operations` are codes of what shall be done; none: it was not understood.

    `meanings` are the same, wish by wish, priced in `currency`. `understood` is the share of the
    text's words that they stand for. `unsure`: a person must say what it means.
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
        """What all of it costs a piece; None as long as a part of it has no price."""
        amounts = [m.amount for m in self.meanings if m.amount is not None]
        priced = self.meanings and len(amounts) == len(self.meanings)
        return sum(amounts, Decimal(0)) if priced else None


@event("order.special-instruction-accepted.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialInstructionAccepted(Data):
    instruction_id: Plain[Name]


@event("order.special-instruction-declined.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialInstructionDeclined(Data):
    """`cause` is a code; words stand in the envelope's `reason`."""

    instruction_id: Plain[Name]
    cause: Plain[Name | None] = None


# The price, and the date.


@event("order.quote-issued.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteIssued(Data):
    """`inputs_hash` is SHA-256 over the inputs; `configuration_hash` is a MAC under the owner's
    key over the whole configuration, texts too. Both in hex.
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
    quote_id: Plain[Name]


@event("order.order-placed.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlaced(Data):
    """What was agreed; empty in orders of a release that had no quotes."""

    quote_id: Plain[Name | None] = None
    total: Plain[Money | None] = None
    currency: Plain[Currency | None] = None


@event("order.promise-made.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseMade(Data):
    """Delivery by `p50` with even odds, by `p90` with nine of ten: `p90` is the promise."""

    p50: Plain[Time]
    p90: Plain[Time]
    basis: Plain[Name]


@event("order.promise-revised.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseRevised(Data):
    p50: Plain[Time]
    p90: Plain[Time]
    basis: Plain[Name]


@event("order.promise-kept.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseKept(Data):
    promised: Plain[Time]
    delivered: Plain[Time]


@event("order.promise-missed.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseMissed(Data):
    promised: Plain[Time]
    delivered: Plain[Time | None] = None


# Changes to what is agreed.


@event("order.change-order-requested.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOrderRequested(Choice):
    """Another value for an option, None to clear it; what that costs in money and days.

    With a book, `requote` says how `delta_price` came about, and is made by us.
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
    change_id: Plain[Name]


@event("order.change-order-rejected.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOrderRejected(Data):
    change_id: Plain[Name]


@event("order.operations-paused.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class OperationsPaused(Data):
    change_id: Plain[Name]
    operations: OperationIds


@event("order.operations-resumed.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class OperationsResumed(Data):
    change_id: Plain[Name]
    operations: OperationIds


# The plant, and what comes back.


@event("order.order-queued.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderQueued(Data):
    route: Route


@event("order.rework-ordered.v1", Kind.DECISION, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class ReworkOrdered(Data):
    """`check_id` is the failed check that caused it."""

    check_id: Plain[Name]
    route: Route


@event("order.rework-escalated.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class ReworkEscalated(Data):
    """The check failed after so many tries that a person must decide."""

    check_id: Plain[Name]
    tries: Plain[Quantity]


@event("order.order-cancelled.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled(Data):
    """Closes every open operation. Why stands in the envelope's `reason`."""

    sunk_cost: Plain[Money] = Decimal(0)
    currency: Plain[Currency | None] = None


@event("order.return-requested.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnRequested(Data):
    return_id: Plain[Name]
    lines: ReturnLines


@event("order.refund-issued.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class RefundIssued(Data):
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
