"""A catalogue as a YAML file: read, with the line of every problem, and written.

A file has the name of the book and the arguments of `catalogue draft` (docs/commands). Scalars
are read as text and converted by the types of the arguments, so 12.50 keeps its cents and `no` is
not a boolean.
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
from domain.catalogue.problems import item_id, problems

CATALOGUES = Path(__file__).with_name("catalogues")
"""The books that come with the product: of the demo, of a flower shop, of a car."""
_NOT_EFFECTIVE = datetime.max.replace(tzinfo=UTC)
_NULLS = ("", "~", "null")
NodePath = tuple[str | int, ...]
"""The keys and indexes that lead to a node of the document."""


@dataclass(frozen=True, slots=True, order=True)
class FileProblem:
    """What is wrong in a line of a file; `where` is the field, or the item of the book."""

    line: int
    where: str
    message: str

    def __str__(self) -> str:
        parts = (str(self.line), self.where, self.message)
        return ": ".join(part for part in parts if part)


@dataclass(slots=True)
class _Document:
    """The line numbers of the nodes that were read, and the problems so far."""

    lines: dict[NodePath, int] = field(default_factory=dict)
    problems: list[FileProblem] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def value(self, node: yaml.Node, path: NodePath = ()) -> Any:
        """The value of a node, as text, None, lists and dicts."""
        self.lines[path] = line = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode):
            is_plain = node.style is None
            return None if is_plain and node.value in _NULLS else node.value
        if id(node) in self.seen:
            self.add(line, path, "is an alias (*name): write its contents out")
            return None
        self.seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(each, (*path, i)) for i, each in enumerate(node.value)]
        mapping: dict[str, Any] = {}
        for key, each in node.value:
            name = str(key.value)
            if name in mapping:
                self.add(key.start_mark.line + 1, (*path, name), "is there twice: leave one out")
            mapping[name] = self.value(each, (*path, name))
        return mapping

    def add(self, line: int, path: NodePath, message: str) -> None:
        self.problems.append(FileProblem(line, _dotted(path), message))

    def line(self, path: NodePath) -> int:
        """The line of a node; of a node that is missing, that of the node it belongs to."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]


def read(text: str) -> tuple[Book | None, list[FileProblem]]:
    """The book of a file, as version 0, and all problems; None where the file has no book."""
    try:
        node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        return None, [_syntax_problem(error)]
    document = _Document()
    contents = document.value(node) if node else None
    if not isinstance(contents, dict):
        return None, [FileProblem(1, "", "a catalogue is a mapping: begin with `book: NAME`")]
    name = contents.pop("book", None)
    if not isinstance(name, str):
        document.add(1, ("book",), "is missing: add the name of the book")
    arguments = _arguments(contents, document)
    if arguments is None or not isinstance(name, str):
        return None, sorted(document.problems)
    parts: dict[str, Any] = {
        f: tuple(v) if isinstance(v, list) else v for f, v in arguments.items()
    }
    book = Book(book=name, version=0, effective_from=_NOT_EFFECTIVE, **parts)
    document.problems += [
        FileProblem(
            _line_of(book, problem.part, problem.id, document),
            f"{problem.part} {problem.id}",
            problem.message,
        )
        for problem in problems(book)
    ]
    return book, sorted(document.problems)


def _arguments(contents: dict[str, Any], document: _Document) -> dict[str, Any] | None:
    """The arguments of `draft`; None, with the problems added, where a field is wrong."""
    cls = command_type("catalogue", "draft").arguments
    try:
        return by_name(TypeAdapter(cls).validate_python(contents, strict=False))
    except ValidationError as error:
        for each in error.errors(include_input=False, include_url=False, include_context=False):
            path = each["loc"]
            document.add(document.line(path), path, error_text(each))
    return None


def _line_of(book: Book, part: str, id: str, document: _Document) -> int:
    """The line of an item; of several with the same id, that of the last."""
    if part == "products":
        return document.line((part,))
    items = getattr(book, part)
    index = max((i for i, item in enumerate(items) if item_id(item) == id), default=0)
    return document.line((part, index))


def _syntax_problem(error: yaml.YAMLError) -> FileProblem:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "it has a character that YAML does not allow"
    return FileProblem(mark.line + 1 if mark else 1, "", f"this is not YAML: {problem}")


def _dotted(path: NodePath) -> str:
    return ".".join(map(str, path))


# Writing.


class _Dumper(yaml.SafeDumper):
    """Write innermost collections on one line, and money without quotes."""


def _number(dumper: yaml.SafeDumper, number: Decimal) -> yaml.Node:
    text = f"{number:f}"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in text else 'int'}", text)


_Dumper.add_representer(Decimal, _number)


def write(book: Book) -> str:
    """A file that is read as this book, without the fields that have their defaults."""
    contents = {"book": book.book, **{name: getattr(book, name) for name in HEADER_FIELDS}}
    contents |= {part: items for part in PARTS if (items := getattr(book, part))}
    return yaml.dump(
        _plain(contents), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100,
        default_flow_style=None,
    )  # fmt: skip


def _plain(value: Any) -> Any:
    """The value as dicts, lists and scalars."""
    match value:
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case tuple():
            return [_plain(each) for each in value]
        case datetime():
            return value.isoformat()
        case None | str() | int() | float() | Decimal():
            return value
    return dict(_fields(value))


def _fields(item: Any) -> Iterator[tuple[str, Any]]:
    for each in fields(item):
        value = getattr(item, each.name)
        if each.default is MISSING or value != each.default:
            yield each.name, _plain(value)
