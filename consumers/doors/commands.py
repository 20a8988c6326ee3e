"""Commands: a stream is read, a decision is asked, and what it says is appended, once."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, make_dataclass, replace
from datetime import datetime
from functools import reduce
from typing import Any
from uuid import UUID

import msgspec
from pydantic import TypeAdapter, ValidationError

from consumers.doors.holding import Holding
from consumers.doors.interpreting import BY_RULES, Interpreting
from consumers.doors.message import malformed
from consumers.ports import Owners, Store, StreamAppend
from domain.customer import decide as customer
from domain.customer.state import Customer
from domain.customer.state import evolve as evolve_customer
from domain.errors import ConsentMissing, Malformed, Refusal, VersionConflict
from domain.event import Data, Event, Recorded, event_id, recorded_id, strict
from domain.order import decide as order
from domain.order.state import Order, configuration
from domain.order.state import evolve as evolve_order

_TRIES = 20
"""How often a decision is taken anew because the stream has moved on meanwhile."""


@dataclass(frozen=True, slots=True)
class Decider:
    """How a kind of stream is folded, and what may be decided about it."""

    initial: Any
    evolve: Callable[[Any, Any, datetime], Any]
    decisions: Mapping[str, Callable[..., Sequence[Data]]]
    configuration: Callable[[Any], bytes] | None = None


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
    ),
    "customer": Decider(
        Customer(), evolve_customer, _named(customer.grant_consent, customer.withdraw_consent)
    ),
}
_GIVEN_BY_US = ("now", "configuration_hash", "book", "reading", "sure_from")
"""Arguments of decisions that nobody outside may name."""


@functools.cache
def arguments_of(kind: str, name: str) -> type:
    """A decision's arguments as a dataclass, taken as literally as a door takes an event."""
    decision = DECIDERS[kind].decisions[name]
    hints = typing.get_type_hints(decision, include_extras=True)
    given = list(inspect.signature(decision).parameters.values())[1:]
    fields = [
        (p.name, hints[p.name])
        if p.default is p.empty
        else (p.name, hints[p.name], field(default=p.default))
        for p in given
        if p.name not in _GIVEN_BY_US
    ]
    return strict(make_dataclass(f"{name}-arguments", fields, frozen=True, kw_only=True))


@functools.cache
def _adapter(kind: str, name: str) -> TypeAdapter[Any]:
    return TypeAdapter(arguments_of(kind, name))


def by_name(arguments: Any) -> dict[str, Any]:
    """The fields of what `arguments_of` describes, as a command has them."""
    return {name: getattr(arguments, name) for name in arguments.__dataclass_fields__}


def parse_arguments(kind: str, name: str, said: bytes) -> dict[str, Any]:
    """What a command asks, from JSON. Raises Malformed, with the field and the remedy."""
    if kind not in DECIDERS or name not in DECIDERS[kind].decisions:
        known = ", ".join(DECIDERS[kind].decisions) if kind in DECIDERS else ", ".join(DECIDERS)
        raise Malformed(f"there is no command {kind} {name}: there are {known}", "command")
    try:
        return by_name(_adapter(kind, name).validate_json(said))
    except ValidationError as error:
        raise malformed(error) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A wish, under the sender's own id: sent again, it is the same wish.

    `customer` is `namespace:id` or our id; it says whose a new stream is, and whose stream a
    subject of `customer/` means.
    """

    id: str
    source: str
    subject: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    time: datetime
    customer: str | None = None
    actor: str | None = None
    channel: str | None = None
    reason: str | None = None

    @property
    def contents(self) -> bytes:
        """What is asked, for telling a repetition from another command under the same id."""
        return msgspec.json.encode(
            [self.subject, self.name, self.arguments, self.customer, self.actor, self.reason]
        )


@dataclass(frozen=True, slots=True)
class Done:
    """What a command recorded; nothing where all was so already."""

    events: tuple[Recorded[Data], ...] = ()
    known: bool = False


class Commands:
    """The door for decisions."""

    def __init__(
        self,
        store: Store,
        owners: Owners,
        holding: Holding,
        interpreting: Interpreting = BY_RULES,
    ) -> None:
        self._store, self._owners, self._holding = store, owners, holding
        self._interpreting = interpreting

    def execute(self, command: Command) -> Done:
        """Decides and records. Raises Refusal; a refusal is not recorded and costs nothing."""
        kind, _, name = command.subject.partition("/")
        decider = DECIDERS.get(kind)
        if decider is None or not name or command.name not in decider.decisions:
            raise Malformed(f"{command.subject}: nothing can be asked of it by {command.name}")
        whose = self._customer(name if kind == "customer" else command.customer, command.name)
        stream = f"customer/{whose}" if kind == "customer" else command.subject
        first = event_id(command.source, command.id)
        for _ in range(_TRIES):
            history = self._store.read_stream(stream)
            said = tuple(r for r in history if r.event.causationid == str(first))
            if said:
                self._append(stream, [r.event for r in said], None, command)
                return Done(said, known=True)
            owner = history[0].event.customerid if history else whose
            decided = self._decide(decider, command, history, owner or stream)
            if not decided:
                return Done()
            if history and whose and owner != whose:
                raise Malformed("customer: the stream belongs to another one", "customer")
            events = _events(decided, command, stream, owner, first)
            try:
                self._append(stream, events, len(history), command)
            except VersionConflict:
                continue
            if not history:
                self._holding.release({stream})
            return Done(tuple(self._store.read_stream(stream)[len(history) :][: len(events)]))
        raise Refusal(f"{stream} changes faster than this can be decided: send it again")

    def _decide(
        self, decider: Decider, command: Command, history: Sequence[Recorded[Data]], owner: str
    ) -> Sequence[Data]:
        state = reduce(lambda s, r: decider.evolve(s, r.data, r.event.time), history,
                       decider.initial)  # fmt: skip
        decision = decider.decisions[command.name]
        arguments = dict(command.arguments)
        wanted = inspect.signature(decision).parameters
        if "now" in wanted:
            arguments["now"] = command.time
        if "configuration_hash" in wanted and decider.configuration:
            said = decider.configuration(state)
            arguments["configuration_hash"] = self._owners.digest(owner, said)
        if "book" in wanted:
            arguments["book"] = None
        if "reading" in wanted:
            arguments |= self._reading(state, arguments)
        return decision(state, **arguments)

    def _reading(self, state: Order, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What the interpreter says, unless a person does."""
        asked, book = arguments.get("operations") is None, arguments["book"]
        phrases = book.phrases if book else ()
        return {
            "reading": self._interpreting.read(state, arguments["instruction_id"], phrases)
            if asked
            else None,
            "sure_from": self._interpreting.sure_from,
        }

    def _customer(self, said: str | None, name: str) -> str | None:
        if said is None or ":" not in said:
            return said
        if name == "grant-consent":
            return self._owners.mint([said])[said]
        found = self._owners.find([said])
        if said not in found:
            # Nobody of this name has consented to anything, and asking mints nothing.
            raise ConsentMissing("of this name", ["fulfil"])
        return found[said]

    def _append(
        self, stream: str, events: Sequence[Event[Data]], expected: int | None, command: Command
    ) -> None:
        [answer] = self._store.append(
            [StreamAppend(stream, tuple(events), expected, command.contents)]
        )
        if isinstance(answer, Refusal):
            raise answer


def _events(
    decided: Sequence[Data], command: Command, stream: str, customer: str | None, first: UUID
) -> list[Event[Data]]:
    """The decided data as events, their ids derived from the command's."""
    template = Event(
        id=first,
        source=command.source,
        subject=stream,
        time=command.time,
        data=decided[0],
        customerid=customer,
        actor=command.actor,
        channel=command.channel,
        causationid=str(first),
        reason=command.reason,
    )
    return [
        replace(template, id=recorded_id(first, n), data=data) for n, data in enumerate(decided)
    ]
