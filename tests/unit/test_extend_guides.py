"""The modules that docs/extend shows: added to the package they work, and their tests pass."""

from __future__ import annotations

import pkgutil
import re
import sys
import types
from pathlib import Path

import pytest

import projections
from projections import figures as all_figures

GUIDES = Path(__file__).parents[2] / "docs/extend"


def blocks(guide: str) -> list[tuple[str, str]]:
    """The module and the source of each Python block whose first line names a file."""
    text = (GUIDES / guide).read_text(encoding="utf-8")
    pairs = re.findall(r"^```python\n# (\S+)\.py\n(.*?)^```$", text, re.M | re.S)
    return [(path.replace("/", "."), source) for path, source in pairs]


@pytest.fixture
def added(monkeypatch):
    """Adds modules by name and source; a second source of one name goes to its end."""

    def add(sources: list[tuple[str, str]]) -> types.ModuleType:
        for name, source in sources:
            module = sys.modules.get(name) or types.ModuleType(name)
            monkeypatch.setitem(sys.modules, name, module)
            exec(compile(source, name, "exec", dont_inherit=True), vars(module))
        return module

    # Whoever has followed the guide has a view of that name already.
    for name in ("projections.markets", "projections.figures.markets", "tests.unit.test_markets"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    others = [m for m in pkgutil.iter_modules(projections.__path__) if m.name != "markets"]
    modules = [*others, types.SimpleNamespace(name="markets")]
    monkeypatch.setattr(projections.pkgutil, "iter_modules", lambda path: modules)
    monkeypatch.setattr(all_figures, "find_spec", lambda name: name)
    return add


@pytest.mark.parametrize("guides", [["view.md"], ["view.md", "figure.md"]], ids=" and ".join)
def test_the_modules_of_a_guide_pass_their_tests(added, guides):
    tests = added([block for guide in guides for block in blocks(guide)])
    functions = [value for name, value in vars(tests).items() if name.startswith("test_")]
    assert len(functions) == len(guides)
    for function in functions:
        function()
