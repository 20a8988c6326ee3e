"""The decisions about each kind of stream, and how its state is folded."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any

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
from domain.event import Data, Recorded
from domain.free_text.interpretation import Interpretation
from domain.order import decide as order
from domain.order.state import Order, configuration
from domain.order.state import evolve as evolve_order


@dataclass(frozen=True, slots=True)
class Decider:
    """How a kind of stream is folded, and the decisions about it, by the names of their commands.

    `configuration` encodes the customer's choices as bytes, which are hashed into
    `configuration_hash`. `book` returns the catalogue that a state is bound to, and the version if
    it is bound to one. `may_belong_to_customer` is about streams of the kind.
    """

    initial: Any
    evolve: Callable[[Any, Any, datetime], Any]
    decisions: Mapping[str, Callable[..., Sequence[Data]]]
    configuration: Callable[[Any], bytes] | None = None
    book: Callable[[Any], tuple[str, int | None] | None] = lambda _: None
    may_belong_to_customer: bool = True

    def fold(self, history: Sequence[Recorded[Data]]) -> Any:
        """Return the state that the events of a stream lead to."""
        return reduce(lambda s, r: self.evolve(s, r.data, r.event.time), history, self.initial)


def _commands(
    *decisions: Callable[..., Sequence[Data]],
) -> dict[str, Callable[..., Sequence[Data]]]:
    return {decision.__name__.replace("_", "-"): decision for decision in decisions}


DECIDERS = {
    "order": Decider(
        Order(),
        evolve_order,
        _commands(
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
        lambda state: state.book_reference,
    ),
    "design": Decider(
        Design(),
        evolve_design,
        _commands(design.start, design.choose, design.clear, design.validate),
        book=lambda state: state.book and (state.book, None),
    ),
    "catalogue": Decider(
        Catalogue(),
        evolve_catalogue,
        _commands(catalogue.draft, catalogue.approve, catalogue.publish, catalogue.withdraw),
        may_belong_to_customer=False,
    ),
    "customer": Decider(
        Customer(), evolve_customer, _commands(customer.grant_consent, customer.withdraw_consent)
    ),
}
DOOR_PARAMETERS = frozenset({"now", "configuration_hash", "actor", "subject_id", "sure_from"})
"""Parameters of decisions whose values the door supplies: no client may give them."""
DOOR_TYPES = (Book | None, Design | None, Interpretation | None)
"""Types of parameters that the door loads from other streams, or gets from the interpreter."""


@functools.cache
def parameters(kind: str, name: str) -> Mapping[str, Any]:
    """Return the parameters of a decision after the state, by name, each with its type hint."""
    decision = DECIDERS[kind].decisions[name]
    hints = typing.get_type_hints(decision, include_extras=True)
    return {p: hints[p] for p in list(inspect.signature(decision).parameters)[1:]}
