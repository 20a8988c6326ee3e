"""Errors that a caller can act on: each has a code, a field, plain data, and a sentence.

The sentence says what is wrong and how to correct it, in words that fit every delivery. A delivery
adds the command line, or the request, that corrects it: `remedies.py` of the CLI and of HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

JsonValue = str | int | bool | None | Sequence[Any] | Mapping[str, Any]
"""A value of `data`. Money and times are strings."""


class CodedError(Exception):
    """An error whose `code` names its cause; once released, a code keeps its meaning.

    `field` is the part of the request that is wrong, if one is. `data` repeats what the sentence
    mentions, for programs. Neither they nor the sentence hold a personal value: they are printed,
    logged, and stored beside the refused message.
    """

    code: ClassVar[str]
    has_remedy: ClassVar[bool] = False
    """Whether every delivery adds what to run, or to send, against this cause."""

    def __init__(self, message: str, field: str | None = None, **data: JsonValue) -> None:
        super().__init__(message)
        self.field = field
        self.data: Mapping[str, JsonValue] = data


class Refusal(CodedError):
    """A request that is not accepted. Nothing was recorded."""

    code = "refused"


class Malformed(Refusal):
    """A request that cannot be understood, whatever the state of the system."""

    code = "malformed"


class NotAllowed(Refusal):
    """A decision that the rules, in the present state, do not allow."""

    code = "not-allowed"


class CustomerUnknown(Malformed):
    """Nobody is known under the customer's name or id."""

    code = "customer-unknown"


class CustomerDiffers(Malformed):
    """The named customer is not the one that the subject belongs to."""

    code = "customer-differs"


class NotFound(Refusal):
    """What a question or an action names does not exist."""

    code = "not-found"


class VersionConflict(Refusal):
    """The stream has changed since it was read."""

    code = "version-conflict"

    def __init__(self, stream: str, expected: int, current: int) -> None:
        super().__init__(
            f"{stream} is at version {current}, not {expected}: read it again and decide again",
            stream=stream, expected=expected, current=current,
        )  # fmt: skip


class StreamBusy(Refusal):
    """The stream changed each time before a decision about it could be recorded."""

    code = "stream-busy"

    def __init__(self, stream: str) -> None:
        super().__init__(
            f"{stream} changes faster than a decision can be recorded: send the command again",
            stream=stream,
        )


class ContentsDiffer(Refusal):
    """The id of a message or command was used before, with other contents."""

    code = "contents-differ"

    def __init__(self) -> None:
        super().__init__(
            "this id was used before with other contents: send new contents under a new id", "id"
        )


class ConsentMissing(Refusal):
    """The customer, or whoever an unknown name stands for, has not consented to the purposes."""

    code = "consent-missing"
    has_remedy = True

    def __init__(self, customer: str | None, purposes: Iterable[str]) -> None:
        names = ",".join(sorted(purposes))
        whom = f"customer {customer}" if customer else "a customer of this name"
        data = {"customer": customer} if customer else {}
        super().__init__(
            f"{whom} has not consented to {names}: record the consent, or name {names} as the "
            "basis on which the data is accepted",
            "customerid", purposes=names, **data,
        )  # fmt: skip


class OwnerDiffers(Refusal):
    """The stream belongs to another customer than the message says."""

    code = "owner-differs"

    def __init__(self, stream: str) -> None:
        super().__init__(
            f"{stream} belongs to another customer, and the owner of a stream never changes: "
            "check the subject, or leave customerid out",
            "customerid", stream=stream,
        )  # fmt: skip


class KeyLost(Refusal):
    """The owner's key was not in the backup that the store was restored from."""

    code = "key-lost"
    has_remedy = True

    def __init__(self, owner: str) -> None:
        super().__init__(
            f"the key of {owner} was lost when the store was restored, so nothing can be sealed "
            "for this owner: restore again, into an empty database, with a backup of the keys that "
            "has it",
            "customerid", owner=owner,
        )  # fmt: skip


class NameUnknown(NotAllowed):
    """The field names a line, product, option, value, version … that does not exist."""

    code = "name-unknown"


class IdTaken(NotAllowed):
    """The field has an id that already stands for something else."""

    code = "id-taken"


class StatusForbids(NotAllowed):
    """The order's status does not allow the decision."""

    code = "status-forbids"


class QuoteUnknown(NotAllowed):
    """The id is not that of the order's latest quote."""

    code = "quote-unknown"
    has_remedy = True


class QuoteLapsed(NotAllowed):
    """The quote was valid until `expires_at`."""

    code = "quote-expired"
    has_remedy = True


class QuoteOutdated(NotAllowed):
    """The order was changed after the quote was issued."""

    code = "quote-outdated"
    has_remedy = True


class InstructionOpen(NotAllowed):
    """A special instruction was neither accepted nor declined."""

    code = "instruction-open"


class ChangeOrderNeeded(NotAllowed):
    """What would change was agreed, or its stage has begun: only a change order changes it."""

    code = "change-order-needed"
    has_remedy = True


class OptionUnavailable(NotAllowed):
    """The option, or its value, is no longer offered."""

    code = "option-withdrawn"


class RulesConflict(NotAllowed):
    """The choices break rules of the book; `data` has a minimal set of them, and repairs."""

    code = "rules-conflict"


class PriceInputMissing(NotAllowed):
    """A price depends on an input that the request does not give."""

    code = "price-input-missing"


class PriceMissing(NotAllowed):
    """The book has no price for a line."""

    code = "price-missing"


class CurrencyDiffers(NotAllowed):
    """An amount is in another currency than the order or its book."""

    code = "currency-differs"


class AmountExceeded(NotAllowed):
    """More is asked back than was sold or paid; `data` has what is left."""

    code = "amount-exceeded"


class BookInvalid(NotAllowed):
    """A drafted book has problems; `data` has the first ones and how many there are."""

    code = "book-invalid"
    has_remedy = True


class BookNotEffective(NotAllowed):
    """No version of the catalogue is effective at the time of the decision."""

    code = "book-not-effective"


class ApprovalMissing(NotAllowed):
    """A version of a book needs the approval of somebody else than its author."""

    code = "approval-missing"
    has_remedy = True
