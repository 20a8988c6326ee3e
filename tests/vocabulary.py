"""Finds names and references that the language rules of CONTRIBUTING.md forbid.

`python -m tests.vocabulary [FOLDER …]` prints each one with its place, and exits 1 if there is one.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("domain", "projections", "consumers", "infra")
STOP_LIST = frozenset(
    {
        *("said", "told", "made", "asked", "known", "found", "wanted", "whose", "meant", "named"),
        *("heard", "unsaid", "gone", "begun", "thing", "things", "stuff", "wish", "wishes"),
    }
)
"""Participles and riddles: none of them tells a reader what the value is."""

_FILE = re.compile(r"(?<![\w/.*-])((?:[\w-]+/)*[\w-]+\.(?:md|py|sql|toml|yaml))(?![\w/(])")
_EXAMPLES = frozenset({"conftest.py", "FILE.yaml"})


def files(*patterns: str) -> list[Path]:
    """The tracked files that match the patterns, and new ones that git does not ignore."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns]
    lines = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for line in lines.splitlines() if (path := ROOT / line).exists()]


def stopped_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Names that are defined here and stand in the stop list."""
    for line, name in _defined(tree):
        if name.strip("_").lower() in STOP_LIST:
            yield line, f"the name {name} is in the stop list"


def hiding_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Local variables and parameters that hide a function of their module."""
    functions = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
    for scope in ast.walk(tree):
        if isinstance(scope, ast.FunctionDef | ast.Lambda):
            for line, name in _locals(scope):
                if name in functions:
                    yield line, f"the local {name} hides a function of this module"


def repeated_classes() -> Iterator[str]:
    """Classes of the package whose name stands for more than one of them."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in files(*(f"{package}/*.py" for package in PACKAGES)):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    for name, at in sorted(places.items()):
        if len(at) > 1:
            yield f"{at[0]}: the class {name} is defined again at {', '.join(at[1:])}"


def missing_files(text: str, existing: frozenset[str]) -> Iterator[tuple[int, str]]:
    """References to files that are not in the repository."""
    for number, line in enumerate(text.splitlines(), 1):
        for name in _FILE.findall(line):
            if name not in existing and name not in _EXAMPLES:
                yield number, f"{name} is not in the repository"


def problems(*folders: str) -> list[str]:
    """Everything that is wrong below the folders, each with its place; without any: everywhere."""
    lines: list[str] = []
    for path in files("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        at = path.relative_to(ROOT)
        hiding = (
            hiding_names(tree) if at.parts[0] in PACKAGES else ()
        )  # a fixture is hidden on purpose
        for number, problem in (*stopped_names(tree), *hiding):
            lines.append(f"{at}:{number}: {problem}")
    existing = _names_of_files()
    for path in files("*.py", "*.md", "*.sql", "Makefile", ".ci/run"):
        at = path.relative_to(ROOT)
        text = path.read_text(encoding="utf-8")
        lines += [f"{at}:{n}: {problem}" for n, problem in missing_files(text, existing)]
    lines += repeated_classes()
    return [line for line in lines if not folders or line.startswith(folders)]


def _names_of_files() -> frozenset[str]:
    """Every tail of every path: a reference may leave out leading folders."""
    names: set[str] = set()
    for path in files():
        parts = path.relative_to(ROOT).parts
        names |= {"/".join(parts[n:]) for n in range(len(parts))}
    return frozenset(names)


def _defined(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name):
                yield node.lineno, name
            case ast.Name(id=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.alias(asname=str() as name):
                yield node.lineno, name
            case ast.MatchAs(name=str() as name) | ast.MatchStar(name=str() as name):
                yield node.lineno, name


def _locals(scope: ast.FunctionDef | ast.Lambda) -> Iterator[tuple[int, str]]:
    """Names that a function binds, without those of functions and classes within it."""
    arguments = scope.args
    for arg in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        yield arg.lineno, arg.arg
    body = scope.body if isinstance(scope.body, list) else [scope.body]
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        if isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
            yield node.lineno, node.name
        waiting += ast.iter_child_nodes(node)


if __name__ == "__main__":
    everything = problems(*sys.argv[1:])
    sys.stdout.writelines(f"{line}\n" for line in everything)
    sys.exit(1 if everything else 0)
