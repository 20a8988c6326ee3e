"""The event that docs/extend/event.md adds: its class and its example message are valid."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import domain.customer.events
import domain.event
from consumers.doors import message
from infra import codec
from infra.keys import OwnerKey
from infra.schemas import schema_of

GUIDE = (Path(__file__).parents[2] / "docs/extend/event.md").read_text(encoding="utf-8")
NAME = "customer.newsletter-opened.v1"


@pytest.fixture
def registered(monkeypatch):
    """Runs the first Python block of the guide where it says that it belongs."""
    # Whoever has followed the guide has an event of that name already.
    others = {name: type for name, type in domain.event.TYPES.items() if name != NAME}
    monkeypatch.setattr(domain.event, "TYPES", others)
    for module in (message, codec):
        monkeypatch.setattr(module, "TYPES", domain.event.TYPES)
    block = re.search(r"^( +)```python\n(.*?)^ +```$", GUIDE, re.M | re.S)
    source = re.sub(f"^{block[1]}", "", block[2], flags=re.M)
    exec(compile(source, "event.md", "exec"), dict(vars(domain.customer.events)))


def test_the_example_of_the_guide_is_accepted_and_stored(registered):
    [line] = re.findall(r'^ +(\{"specversion".*\})$', GUIDE, re.M)
    event = message.parse(line.encode()).event("c1")
    assert event.type == NAME
    envelope = json.loads(codec.encode(event, OwnerKey.mint())[0])
    assert envelope["data"] == {"newsletter": "2026-03", "read_s": 12.5}


def test_the_class_of_the_guide_has_a_schema_with_its_docstring(registered, monkeypatch):
    monkeypatch.setattr("infra.schemas.TYPES", domain.event.TYPES)
    assert "how many seconds" in schema_of(NAME)["description"]
