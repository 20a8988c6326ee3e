"""The source of each price engine, as a digest that a release has fixed: `engines/<engine>.json`.

A digest is SHA-256 over the syntax tree of a file without docstrings and comments, so that words
for people can be mended and nothing else. They are only added, by `python -m tests.golden`.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from domain.pricing import engines
from domain.pricing.engines import BOOK_ENGINES, given_v1
from tests.golden import FOLDER

ENGINES = FOLDER / "engines"
SOURCES = Path(engines.__file__).parent


def source(engine: str) -> dict[str, str]:
    """The source text of each file of an engine, by its name."""
    folder = SOURCES / engine.replace(".", "_")
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))}


def digests(files: dict[str, str]) -> dict[str, str]:
    """The digest of each file, by its name."""
    return {
        name: hashlib.sha256(repr(_normal(ast.parse(text))).encode()).hexdigest()
        for name, text in files.items()
    }


def imports(text: str) -> Iterator[str]:
    """The modules of ours that a source imports."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("domain"):
            package = [f"{node.module}.{each.name}" for each in node.names]
            is_package = (SOURCES.parents[2] / str(node.module).replace(".", "/")).is_dir()
            yield from package if is_package else [str(node.module)]
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name.startswith("domain"))


def add() -> list[Path]:
    """Fix the engines that no release has fixed. Raise ValueError where a fixed one has changed."""
    new = []
    for engine in (given_v1.VERSION, *BOOK_ENGINES):
        file, current = ENGINES / f"{engine}.json", digests(source(engine))
        if not file.exists():
            file.parent.mkdir(exist_ok=True)
            file.write_text(json.dumps(current, indent=1) + "\n", encoding="utf-8")
            new.append(file)
        elif json.loads(file.read_bytes()) != current:
            raise ValueError(f"the price engine {engine} has changed: make a new engine of it")
    return new


def _normal(node: object) -> object:
    """The tree as tuples, the same in every version of Python: without places and empty fields."""
    if isinstance(node, list):
        return [_normal(each) for each in node]
    if not isinstance(node, ast.AST):
        return node
    fields = dict(ast.iter_fields(node))
    if "body" in fields and isinstance(fields["body"], list):
        fields["body"] = [each for each in fields["body"] if not _is_text(each)]
    return type(node).__name__, [
        (name, _normal(value)) for name, value in fields.items() if value not in (None, [])
    ]


def _is_text(statement: ast.stmt) -> bool:
    """Whether a statement is a string alone: a docstring, or the explanation of a constant."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
