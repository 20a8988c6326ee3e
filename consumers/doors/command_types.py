"""The commands that clients send, by wire name: `order.place.v1` asks for the decision `place`."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, make_dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from consumers.doors.deciders import DECIDERS, DOOR_PARAMETERS, DOOR_TYPES
from consumers.doors.former_commands import FORMER_COMMANDS, Upcaster
from consumers.doors.message import to_malformed
from domain.errors import Malformed
from domain.event import strict
from domain.first_fields import FIRST_FIELDS


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


@dataclass(frozen=True, slots=True)
class CommandType:
    """A version of a command. `upcast` returns the arguments of the next version, if there is one.

    `arguments` is a dataclass that pydantic validates strictly, like the data of an event.
    """

    kind: str
    name: str
    version: int
    arguments: type
    description: str
    upcast: Upcaster | None = None

    @property
    def wire_name(self) -> str:
        return f"{self.kind}.{self.name}.v{self.version}"

    @property
    def summary(self) -> str:
        """The first paragraph of the description, on one line."""
        return self.description.partition("\n\n")[0].replace("\n", " ")

    def digested(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments that the digest of a command covers.

        An argument of the first release always is one of them, a later one only where it differs
        from its default: so a command that was sent before an upgrade and is repeated after it is
        the same.
        """
        first = FIRST_FIELDS.get(f"{self.kind} {self.name}", ()) if self.version == 1 else ()
        defaults = {f.name: f.default for f in fields(self.arguments)}
        return {
            name: value
            for name, value in arguments.items()
            if name in first or value != defaults.get(name, MISSING)
        }


@functools.cache
def command_types() -> Mapping[str, CommandType]:
    """Return every version of every command, by wire name."""
    types = []
    for kind, decider in DECIDERS.items():
        for name, decision in decider.decisions.items():
            former = FORMER_COMMANDS.get((kind, name), ())
            for version, upcast in enumerate(former, 1):
                arguments = _arguments(f"{kind}-{name}-v{version}", upcast, 0)
                description = f"Replaced by version {version + 1}."
                types.append(CommandType(kind, name, version, arguments, description, upcast))
            arguments = _arguments(f"{kind}-{name}-arguments", decision, 1)
            description = inspect.getdoc(decision) or ""
            types.append(CommandType(kind, name, len(former) + 1, arguments, description))
    return {each.wire_name: each for each in types}


@functools.cache
def command_type(kind: str, name: str, version: int | None = None) -> CommandType:
    """Return a version of a command; without a number, the newest. Raises CommandUnknown."""
    versions = [t for t in command_types().values() if (t.kind, t.name) == (kind, name)]
    for each in reversed(versions):
        if version in (None, each.version):
            return each
    raise CommandUnknown(kind, name)


def newest_arguments(type: CommandType, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the arguments of a version are in the newest one."""
    while type.upcast:
        arguments = type.upcast(**arguments)
        type = command_type(type.kind, type.name, type.version + 1)
    return arguments


def parse_arguments(
    kind: str, name: str, json: bytes, version: int | None = None
) -> dict[str, Any]:
    """Return the arguments of a version of a command, by name; without a number, of the newest.

    Raises Malformed, with the field that is wrong.
    """
    try:
        return by_name(_adapter(command_type(kind, name, version)).validate_json(json))
    except ValidationError as error:
        raise to_malformed(error) from None


def by_name(arguments: Any) -> dict[str, Any]:
    """Return the fields of an object of `CommandType.arguments`."""
    return {f.name: getattr(arguments, f.name) for f in fields(arguments)}


@functools.cache
def _adapter(type: CommandType) -> TypeAdapter[Any]:
    return TypeAdapter(type.arguments)


def _arguments(title: str, function: Callable[..., Any], skip: int) -> type:
    """Return a dataclass of the parameters, after the first `skip`, that a client may give."""
    hints = typing.get_type_hints(function, include_extras=True)
    given = []
    for parameter in list(inspect.signature(function).parameters.values())[skip:]:
        name, hint = parameter.name, hints[parameter.name]
        if name in DOOR_PARAMETERS or hint in DOOR_TYPES:
            continue
        required = parameter.default is inspect.Parameter.empty
        given.append((name, hint) if required else (name, hint, field(default=parameter.default)))
    return strict(make_dataclass(title, given, frozen=True, kw_only=True))
