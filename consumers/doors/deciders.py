"""What may be decided about which kind of stream, and with which arguments."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, make_dataclass
from datetime import datetime
from functools import reduce
from typing import Any

from pydantic import TypeAdapter, ValidationError

from consumers.doors.message import to_malformed
from domain.book.book import Book
from domain.catalogue import decide as catalogue
from domain.catalogue.state import Catalogue
from domain.catalogue.state import evolve as evolve_catalogue
from domain.customer import decide as customer
from domain.customer.state import Customer
from domain.customer.state import evolve as evolve_customer
from domain.design import decide as design
from domain.design.state import Design
from domain.design.state import evolve as evolve_design
from domain.errors import Malformed
from domain.event import Data, Recorded, strict
from domain.first_fields import FIRST_FIELDS
from domain.free_text.reading import Interpretation
from domain.order import decide as order
from domain.order.state import Order, configuration
from domain.order.state import evolve as evolve_order


@dataclass(frozen=True, slots=True)
class Decider:
    """How a kind of stream is folded, and what may be decided about it."""

    initial: Any
    evolve: Callable[[Any, Any, datetime], Any]
    decisions: Mapping[str, Callable[..., Sequence[Data]]]
    configuration: Callable[[Any], bytes] | None = None
    book: Callable[[Any], tuple[str, int | None] | None] = lambda _: None
    """The catalogue that the state names, and the version if only that one will do."""
    of_customers: bool = True

    def fold(self, history: Sequence[Recorded[Data]]) -> Any:
        """The state that a stream's events leave."""
        return reduce(lambda s, r: self.evolve(s, r.data, r.event.time), history, self.initial)


def _named(*decisions: Callable[..., Sequence[Data]]) -> dict[str, Callable[..., Sequence[Data]]]:
    return {decision.__name__.replace("_", "-"): decision for decision in decisions}


DECIDERS = {
    "order": Decider(
        Order(),
        evolve_order,
        _named(
            order.draft,
            order.choose,
            order.clear,
            order.instruct,
            order.interpret,
            order.accept,
            order.decline,
            order.quote,
            order.expire_quote,
            order.place,
            order.promise,
            order.settle_promise,
            order.request_change,
            order.approve_change,
            order.reject_change,
            order.cancel,
            order.queue,
            order.rework,
            order.request_return,
            order.refund,
        ),
        configuration,
        lambda order: order.book_reference,
    ),
    "design": Decider(
        Design(),
        evolve_design,
        _named(design.start, design.choose, design.clear, design.validate),
        book=lambda design: design.book and (design.book, None),
    ),
    "catalogue": Decider(
        Catalogue(),
        evolve_catalogue,
        _named(catalogue.draft, catalogue.approve, catalogue.publish, catalogue.withdraw),
        of_customers=False,
    ),
    "customer": Decider(
        Customer(), evolve_customer, _named(customer.grant_consent, customer.withdraw_consent)
    ),
}
_GIVEN_BY_US = ("now", "configuration_hash", "actor", "named", "sure_from")
"""Arguments of decisions that nobody outside may name; nor what is read from elsewhere, below."""
READ = (Book | None, Design | None, Interpretation | None)


class CommandUnknown(Malformed):
    """No command of the name can be sent to streams of the kind."""

    code = "command-unknown"

    def __init__(self, kind: str, name: str) -> None:
        names = list(DECIDERS[kind].decisions if kind in DECIDERS else DECIDERS)
        super().__init__(
            f"there is no command {kind} {name}: there are {', '.join(names)}",
            "command",
            commands=names,
        )


@functools.cache
def parameters(kind: str, name: str) -> Mapping[str, Any]:
    """A decision's parameters after the state, by name, each with its type hint."""
    decision = DECIDERS[kind].decisions[name]
    hints = typing.get_type_hints(decision, include_extras=True)
    return {p: hints[p] for p in list(inspect.signature(decision).parameters)[1:]}


@functools.cache
def _defaults(kind: str, name: str) -> Mapping[str, Any]:
    """The default of each parameter of a decision; `Parameter.empty` where it has none."""
    signature = inspect.signature(DECIDERS[kind].decisions[name])
    return {p.name: p.default for p in signature.parameters.values()}


def digested_arguments(kind: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that the digest of a command covers.

    An argument of the first release always is one of them, a later one only where it differs from
    its default: so a command that was sent before an upgrade and is repeated after it is the same.
    """
    first, defaults = FIRST_FIELDS.get(f"{kind} {name}", ()), _defaults(kind, name)
    return {a: v for a, v in arguments.items() if a in first or v != defaults[a]}


@functools.cache
def arguments_of(kind: str, name: str) -> type:
    """A decision's arguments as a dataclass, taken as literally as a door takes an event."""
    defaults = _defaults(kind, name)
    fields = [
        (p, hint)
        if defaults[p] is inspect.Parameter.empty
        else (p, hint, field(default=defaults[p]))
        for p, hint in parameters(kind, name).items()
        if p not in _GIVEN_BY_US and hint not in READ
    ]
    return strict(make_dataclass(f"{kind}-{name}-arguments", fields, frozen=True, kw_only=True))


@functools.cache
def _adapter(kind: str, name: str) -> TypeAdapter[Any]:
    return TypeAdapter(arguments_of(kind, name))


def by_name(arguments: Any) -> dict[str, Any]:
    """The fields of what `arguments_of` describes, as a command has them."""
    return {name: getattr(arguments, name) for name in arguments.__dataclass_fields__}


def parse_arguments(kind: str, name: str, said: bytes) -> dict[str, Any]:
    """What a command asks, from JSON. Raises Malformed, with the field and the remedy."""
    if kind not in DECIDERS or name not in DECIDERS[kind].decisions:
        raise CommandUnknown(kind, name)
    try:
        return by_name(_adapter(kind, name).validate_json(said))
    except ValidationError as error:
        raise to_malformed(error) from None
