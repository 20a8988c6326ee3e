"""The glossary names classes, modules and attributes that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("domain", "projections", "consumers", "infra")


def definitions() -> set[str]:
    """Every class, attribute of a class and alias of the package: `Event`, `Position.number`."""
    names: set[str] = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.Assign):
                    names |= {t.id for t in node.targets if isinstance(t, ast.Name)}
                if isinstance(node, ast.ClassDef):
                    names.add(node.name)
                    names |= {f"{node.name}.{member}" for member in _members(node)}
    return names


def _members(cls: ast.ClassDef) -> set[str]:
    members: set[str] = set()
    for node in cls.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.FunctionDef(name=name):
                members.add(name)
            case ast.Assign(targets=[ast.Name(id=name)]):
                members.add(name)
    return members


def test_what_the_glossary_names_is_in_the_code():
    text = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    rows = [line.split("|")[3] for line in text.splitlines() if line.startswith("| ")]
    names = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    defined = definitions()
    missing = {n for n in names if n not in defined and not ("/" in n and (ROOT / n).exists())}
    assert missing == set()


def test_there_are_some_forty_terms_or_more_and_none_stands_twice():
    text = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    terms = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]
    terms = [term for term in terms if term not in ("term", "")]
    assert len(terms) >= 40
    assert len(set(terms)) == len(terms)
