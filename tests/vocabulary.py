"""Finds names and references that the language rules of CONTRIBUTING.md forbid.

`python -m tests.vocabulary [FOLDER …]` prints each problem with its file and line, and exits 1 if
there is one.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("domain", "projections", "consumers", "infra")
ENGINES = "domain/pricing/engines/"
FIRST_ENGINES = (f"{ENGINES}__init__", f"{ENGINES}book_v1", f"{ENGINES}given_v1")
STOP_LIST = frozenset(
    {
        *("said", "told", "made", "asked", "known", "found", "wanted", "whose", "meant", "named"),
        *("heard", "unsaid", "gone", "begun", "thing", "things", "stuff", "wish", "wishes"),
    }
)
"""Participles and riddles: none of them tells a reader what the value is."""

RELEASED = {"projections/figures/backlog.py": frozenset({"made"})}
"""Names that stay, by file: programs read them as fields of JSON."""

LAST_OLD_MIGRATION = 15
"""Migrations up to this number are older than the rules, and stored databases have run them."""

_FILE = re.compile(r"(?<![\w/.*-])((?:[\w-]+/)*[\w-]+\.(?:md|py|sql|toml|yaml))(?![\w/])")
_LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)")
_ADR = re.compile(r"docs/adr/(\d{4})(?![\w-])|\bADR (\d+)\b")
_NOT_FILES = frozenset(
    {
        *("FILE.yaml", "ruamel.yaml", "projections/markets.py", "projections/figures/markets.py"),
        "tests/unit/test_markets.py",
    }
)
"""Examples and a library, whose names look like references to files."""


def files(*patterns: str) -> list[Path]:
    """The tracked files that match the patterns, and new ones that git does not ignore."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns]
    lines = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for line in lines.splitlines() if (path := ROOT / line).exists()]


def stopped_names(
    tree: ast.AST, released: Collection[str] = frozenset()
) -> Iterator[tuple[int, str]]:
    """Names in the stop list that a module defines, or that it passes as keyword arguments."""
    for line, name in _names(tree):
        if name.strip("_").lower() in STOP_LIST and name not in released:
            yield line, f"the name {name} is in the stop list"


def stopped_columns(sql: str) -> Iterator[tuple[int, str]]:
    """Words of a migration that are in the stop list, but for its comments and literals."""
    for number, line in enumerate(sql.splitlines(), 1):
        code = re.sub(r"'[^']*'", "''", line.partition("--")[0])
        for word in re.findall(r"[a-z]+", code.lower()):
            if word in STOP_LIST:
                yield number, f"the name {word} is in the stop list"


def hiding_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Local variables, parameters and inner functions that hide a function of their module."""
    functions = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
    for scope in ast.walk(tree):
        if isinstance(scope, ast.FunctionDef | ast.Lambda):
            for line, name in _locals(scope):
                if name in functions:
                    yield line, f"the local {name} hides a function of this module"


def repeated_types(trees: Mapping[str, ast.Module]) -> Iterator[str]:
    """Names that stand for more than one class or public type alias in the trees, by file."""
    places: dict[str, list[str]] = defaultdict(list)
    for at, tree in trees.items():
        for line, name in (*_classes(tree), *_aliases(tree)):
            places[name].append(f"{at}:{line}")
    for name, definitions in sorted(places.items()):
        if len(definitions) > 1:
            first, *others = definitions
            yield f"{first}: the type {name} is defined again at {', '.join(others)}"


def missing_files(text: str, existing: Collection[str]) -> Iterator[tuple[int, str]]:
    """References to files and ADRs that are not among the existing ones."""
    records = {m[1] for path in existing if (m := re.match(r"docs/adr/(\d{4})-", path))}
    for number, line in enumerate(text.splitlines(), 1):
        for name in _FILE.findall(line):
            if name not in existing and name not in _NOT_FILES:
                yield number, f"{name} is not in the repository"
        for path, short in _ADR.findall(line):
            if (path or short.zfill(4)) not in records:
                yield number, f"ADR {path or short} is not in the repository"


def broken_links(text: str, folder: Path) -> Iterator[tuple[int, str]]:
    """Links of a Markdown file in `folder` to files and folders that do not exist."""
    for number, line in enumerate(text.splitlines(), 1):
        for target in _LINK.findall(line):
            if not (folder / target).exists():
                yield number, f"the link to {target} is broken"


def prose(source: str) -> str:
    """The comments and docstrings of a module, on their lines."""
    lines = [""] * len(source.splitlines())
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            lines[token.start[0] - 1] += token.string
    for node in ast.walk(ast.parse(source)):
        for statement in getattr(node, "body", []) if isinstance(node, _WITH_DOCSTRING) else []:
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                for offset, text in enumerate(str(statement.value.value).splitlines()):
                    lines[statement.lineno - 1 + offset] += text
    return "\n".join(lines)


_WITH_DOCSTRING = ast.Module | ast.ClassDef | ast.FunctionDef


def problems(*folders: str) -> list[str]:
    """All problems below the folders, each with its file and line; without folders, everywhere."""
    lines = [*_problems_of_names(), *_problems_of_references()]
    return [line for line in lines if not folders or line.startswith(folders)]


def _problems_of_names() -> Iterator[str]:
    trees = {
        str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8"))
        for path in files("*.py")
    }
    for at, tree in trees.items():
        yield from _located(at, stopped_names(tree, RELEASED.get(at, frozenset())))
        if at.startswith(PACKAGES):  # in tests, a parameter hides its fixture on purpose
            yield from _located(at, hiding_names(tree))
    # A price engine begins as a copy of the one before: its types count once.
    copies = [at for at in trees if at.startswith(ENGINES) and not at.startswith(FIRST_ENGINES)]
    packages = {at: t for at, t in trees.items() if at.startswith(PACKAGES) and at not in copies}
    yield from repeated_types(packages)
    for path in files("infra/postgres/migrations/*.sql"):
        if int(path.name[:4]) > LAST_OLD_MIGRATION:
            sql = path.read_text(encoding="utf-8")
            yield from _located(str(path.relative_to(ROOT)), stopped_columns(sql))


def _problems_of_references() -> Iterator[str]:
    existing = _tails(path.relative_to(ROOT) for path in files())
    for path in files("*.py", "*.md", "*.sql", "Makefile", ".ci/run"):
        at = str(path.relative_to(ROOT))
        text = path.read_text(encoding="utf-8")
        if at.startswith("tests/") and path.suffix == ".py":
            text = prose(text)  # strings of tests name files that the tests write
        yield from _located(at, missing_files(text, existing))
        if path.suffix == ".md":
            yield from _located(at, broken_links(text, path.parent))


def _located(at: str, numbered: Iterable[tuple[int, str]]) -> Iterator[str]:
    return (f"{at}:{line}: {problem}" for line, problem in numbered)


def _tails(paths: Iterable[Path]) -> frozenset[str]:
    """Every tail of every path: a reference may leave out leading folders."""
    return frozenset("/".join(p.parts[n:]) for p in paths for n in range(len(p.parts)))


def _names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node.lineno, name
            case ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name) | ast.keyword(arg=str() as name):
                yield node.lineno, name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.alias(asname=str() as name) | ast.ExceptHandler(name=str() as name):
                yield node.lineno, name
            case ast.MatchAs(name=str() as name) | ast.MatchStar(name=str() as name):
                yield node.lineno, name
            case ast.MatchMapping(rest=str() as name):
                yield node.lineno, name


def _locals(scope: ast.FunctionDef | ast.Lambda) -> Iterator[tuple[int, str]]:
    """Names that a function binds, without those bound inside functions and classes within it."""
    arguments = scope.args
    for arg in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg,
                arguments.kwarg):  # fmt: skip
        if arg:
            yield arg.lineno, arg.arg
    pending: list[ast.AST] = [*(scope.body if isinstance(scope.body, list) else [scope.body])]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        if isinstance(node, ast.MatchAs | ast.MatchStar | ast.ExceptHandler) and node.name:
            yield node.lineno, node.name
        if isinstance(node, ast.alias):
            yield node.lineno, node.asname or node.name
        pending += ast.iter_child_nodes(node)


def _classes(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield node.lineno, node.name


def _aliases(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Public names in CapWords that a module gives to types; not what a call returns."""
    for node in tree.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=value)
            ) if value and not isinstance(value, ast.Call):
                if re.fullmatch(r"[A-Z]\w*[a-z]\w*", name):
                    yield node.lineno, name


if __name__ == "__main__":
    everything = problems(*sys.argv[1:])
    sys.stdout.writelines(f"{line}\n" for line in everything)
    sys.exit(1 if everything else 0)
