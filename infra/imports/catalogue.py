"""A catalogue as a YAML file: read with the line of everything that is wrong, and written.

A file is the name of the book and the arguments of `catalogue draft` (docs/commands). Every
scalar is taken as its text, so 12.50 keeps its cents and `no` is no boolean.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, dataclass, field, fields
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from consumers.doors.command_types import by_name, command_type
from consumers.doors.message import error_text
from domain.book.book import Book
from domain.book.contents import HEADER_FIELDS, PARTS
from domain.catalogue.problems import name_of, problems

CATALOGUES = Path(__file__).with_name("catalogues")
"""The books that come with the product: of the demo, of a flower shop, of a car."""
_UNPUBLISHED = datetime.max.replace(tzinfo=UTC)
_NULLS = ("", "~", "null")
Trail = tuple[str | int, ...]
"""The keys and indexes that lead to a thing."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What is wrong in a line; `where` is the field, or the part by its name."""

    line: int
    where: str
    words: str

    def __str__(self) -> str:
        return (
            f"{self.line}: {self.where}: {self.words}"
            if self.where
            else f"{self.line}: {self.words}"
        )


@dataclass(slots=True)
class _Reading:
    """The lines on which things stand, by their path, and what is wrong so far."""

    lines: dict[Trail, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def value(self, node: yaml.Node, path: Trail = ()) -> Any:
        self.lines[path] = line = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode):
            plain = node.style is None
            return None if plain and node.value in _NULLS else node.value
        if id(node) in self.seen:
            self.faults.append(Fault(line, _dotted(path), "an alias (*name): write it out"))
            return None
        self.seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(each, (*path, i)) for i, each in enumerate(node.value)]
        told: dict[str, Any] = {}
        for key, each in node.value:
            name = str(key.value)
            if name in told:
                at = key.start_mark.line + 1
                words = "is there twice: leave one out"
                self.faults.append(Fault(at, _dotted((*path, name)), words))
            told[name] = self.value(each, (*path, name))
        return told

    def line(self, path: Trail) -> int:
        """Where a field stands, else what it would stand in."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]


def read(text: str) -> tuple[Book | None, list[Fault]]:
    """The book of a file (its version is 0), and all that is wrong; None where it is no book."""
    try:
        node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        return None, [_no_yaml(error)]
    reading = _Reading()
    said = reading.value(node) if node else None
    if not isinstance(said, dict):
        return None, [Fault(1, "", "a catalogue is a mapping: begin with `book: NAME`")]
    name = said.pop("book", None)
    if not isinstance(name, str):
        reading.faults.append(Fault(1, "book", "is missing: add the name of the book"))
    arguments = _arguments(said, reading)
    if arguments is None or not isinstance(name, str):
        return None, sorted(reading.faults)
    parts: dict[str, Any] = {
        f: tuple(v) if isinstance(v, list) else v for f, v in arguments.items()
    }
    book = Book(book=name, version=0, effective_from=_UNPUBLISHED, **parts)
    reading.faults += [
        Fault(_line_of(book, problem.part, problem.id, reading), f"{problem.part} {problem.id}",
              problem.words)
        for problem in problems(book)
    ]  # fmt: skip
    return book, sorted(reading.faults)


def _arguments(said: dict[str, Any], reading: _Reading) -> dict[str, Any] | None:
    wanted = command_type("catalogue", "draft").arguments
    try:
        return by_name(TypeAdapter(wanted).validate_python(said, strict=False))
    except ValidationError as error:
        for each in error.errors(include_input=False, include_url=False, include_context=False):
            path = each["loc"]
            reading.faults.append(Fault(reading.line(path), _dotted(path), error_text(each)))
    return None


def _line_of(book: Book, part: str, id: str, reading: _Reading) -> int:
    """Of the last one of this name, where there are several."""
    if part == "products":
        return reading.line((part,))
    at = max((i for i, thing in enumerate(getattr(book, part)) if name_of(thing) == id), default=0)
    return reading.line((part, at))


def _no_yaml(error: yaml.YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None)
    words = getattr(error, "problem", None) or "it holds a character that YAML does not allow"
    return Fault(mark.line + 1 if mark else 1, "", f"this is no YAML: {words}")


def _dotted(path: Trail) -> str:
    return ".".join(map(str, path))


# Writing.


class _Dumper(yaml.SafeDumper):
    """Leaves on one line, money without quotes."""


def _number(dumper: yaml.SafeDumper, number: Decimal) -> yaml.Node:
    text = f"{number:f}"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in text else 'int'}", text)


_Dumper.add_representer(Decimal, _number)


def write(book: Book) -> str:
    """The file that reads as this book, without what goes without saying."""
    said = {"book": book.book, **{name: getattr(book, name) for name in HEADER_FIELDS}}
    said |= {part: things for part in PARTS if (things := getattr(book, part))}
    return yaml.dump(
        _plain(said), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100,
        default_flow_style=None,
    )  # fmt: skip


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case tuple():
            return [_plain(each) for each in value]
        case datetime():
            return value.isoformat()
        case None | str() | int() | float() | Decimal():
            return value
    return dict(_said(value))


def _said(thing: Any) -> Iterator[tuple[str, Any]]:
    for f in fields(thing):
        value = getattr(thing, f.name)
        if f.default is MISSING or value != f.default:
            yield f.name, _plain(value)
