"""Commands by wire name: a version accepts for ever what it accepted, former versions included."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import jsonschema
import pytest

from consumers.doors import command_types as module
from consumers.doors.command_types import command_type, command_types, newest_arguments
from consumers.doors.deciders import DECIDERS
from consumers.doors.former_commands import FORMER_COMMANDS
from consumers.doors.inbox import parse_command
from domain.book.book import OrderLine
from domain.errors import Malformed
from domain.event import TYPES
from domain.values import Name
from infra import schemas
from infra.http.commands import make_router
from infra.http.connection import DeploymentConnection
from tests.golden import COMMANDS, __main__, goldens
from tests.golden.compat import breaking

NOW = datetime(2026, 3, 1, tzinfo=UTC)
GOLDEN = [pytest.param(g, id=f"{g.name}/{g.number}") for g in goldens(COMMANDS)]
ADD = "run `python -m tests.golden` and commit what it adds"


def line(name: str, arguments: dict[str, Any], **more: Any) -> bytes:
    """A command as a CloudEvent."""
    subject = f"{name.partition('.')[0]}/7"
    message = {"specversion": "1.0", "id": "1", "source": "/test", "type": name, "data": arguments}
    return json.dumps({**message, "subject": subject, **more}).encode()


def forget() -> None:
    """Derives the types of commands again, from changed decisions."""
    for cached in (module.command_types, module.command_type):
        cached.cache_clear()


@pytest.fixture
def changed(monkeypatch):
    """Replaces decisions, or adds former versions of commands."""
    yield lambda where, name, value: (monkeypatch.setitem(where, name, value), forget())
    monkeypatch.undo()
    forget()


def test_the_committed_schemas_are_those_of_the_code():
    files = {p.name: p.read_text(encoding="utf-8") for p in schemas.COMMANDS.iterdir()}
    assert files == schemas.command_files(), "run `make schemas` and commit docs/commands"


@pytest.mark.parametrize("name", command_types())
def test_a_schema_is_valid_and_refuses_surplus_arguments(name):
    schema = schemas.command_schema_of(command_types()[name])
    jsonschema.Draft202012Validator.check_schema(schema)
    objects = [schema, *schema.get("$defs", {}).values()]
    assert [o["title"] for o in objects if o.get("additionalProperties", True)] == []


def test_every_version_has_a_golden_file():
    assert command_types().keys() == {g.name for g in goldens(COMMANDS)}, ADD


def test_no_command_has_the_name_of_an_event():
    assert not command_types().keys() & TYPES.keys()


@pytest.mark.parametrize("golden", GOLDEN)
def test_what_a_version_accepted_is_accepted(golden):
    schema = schemas.command_schema_of(command_types()[golden.name])
    assert breaking(golden.schema, schema) == [], "make a new version of the command"
    jsonschema.validate(golden.value, schema)
    command = parse_command(line(golden.name, golden.value), NOW)
    assert command.type.wire_name == golden.name


# Changes of a decision, and what `python -m tests.golden` says of them.


def draft(order, *, lines: Sequence[OrderLine] = (), book: Name | None = None): ...


def draft_renamed(order, *, lines: Sequence[OrderLine] = (), catalogue: Name | None = None): ...


def draft_shorter(order, *, lines: Sequence[OrderLine] = ()): ...


def draft_stricter(order, *, lines: Sequence[OrderLine], book: Name | None = None): ...


def draft_longer(
    order, *, lines: Sequence[OrderLine] = (), book: Name | None = None, gift: bool = False
): ...


@pytest.fixture
def folder(tmp_path, changed, monkeypatch):
    """Golden files of one command, before a change."""
    changed(DECIDERS["order"].decisions, "draft", draft)
    types = {"order.draft.v1": command_types()["order.draft.v1"]}
    monkeypatch.setattr(__main__, "command_types", lambda: types)
    __main__.add_commands(tmp_path)
    monkeypatch.setattr(
        __main__, "command_types", lambda: {"order.draft.v1": command_type("order", "draft", 1)}
    )
    return tmp_path


@pytest.mark.parametrize(
    ("decision", "words"),
    [(draft_renamed, ".book: removed"), (draft_shorter, ".book: removed"),
     (draft_stricter, ".lines: required now")],
)  # fmt: skip
def test_a_change_that_refuses_former_clients_needs_a_new_version(folder, changed, decision, words):
    changed(DECIDERS["order"].decisions, "draft", decision)
    with pytest.raises(ValueError, match="make a new version of the command") as refused:
        __main__.add_commands(folder)
    assert words in str(refused.value)


def test_an_optional_argument_may_be_added(folder, changed):
    changed(DECIDERS["order"].decisions, "draft", draft_longer)
    __main__.add_commands(folder)
    assert [g.number for g in goldens(folder)] == [1, 2]
    __main__.add_commands(folder)
    assert [g.number for g in goldens(folder)] == [1, 2]


# A command that has a former version.


def draft_v1(*, lines: Sequence[OrderLine] = (), book: Name | None = None) -> dict[str, Any]:
    return {"lines": lines, "catalogue": book}


@pytest.fixture
def two_versions(changed):
    changed(DECIDERS["order"].decisions, "draft", draft_renamed)
    changed(FORMER_COMMANDS, ("order", "draft"), (draft_v1,))


LINES = [{"line_id": "L1", "product": "shirt"}]


def test_both_versions_are_accepted_and_lead_to_the_arguments_of_the_newest(two_versions):
    former = parse_command(line("order.draft.v1", {"lines": LINES, "book": "shop"}), NOW)
    newest = parse_command(line("order.draft.v2", {"lines": LINES, "catalogue": "shop"}), NOW)
    assert newest_arguments(former.type, former.arguments) == newest.arguments
    assert newest_arguments(newest.type, newest.arguments) == newest.arguments
    with pytest.raises(Malformed, match=r"data\.catalogue: is not a field"):
        parse_command(line("order.draft.v1", {"catalogue": "shop"}), NOW)


def test_a_former_version_keeps_its_digest_and_the_newest_has_another(changed):
    arguments = {"lines": LINES, "book": "shop"}
    before = parse_command(line("order.draft.v1", arguments), NOW).contents
    changed(DECIDERS["order"].decisions, "draft", draft_renamed)
    changed(FORMER_COMMANDS, ("order", "draft"), (draft_v1_whole,))
    former = parse_command(line("order.draft.v1", arguments), NOW)
    newest = parse_command(line("order.draft.v2", {"lines": LINES, "catalogue": "shop"}), NOW)
    assert former.contents == before
    assert newest.contents != before


def draft_v1_whole(
    *,
    lines: Sequence[OrderLine] = (),
    from_design: Name | None = None,
    book: Name | None = None,
) -> dict[str, Any]:
    return {"lines": lines, "catalogue": book}


def test_each_version_has_a_path_over_http(two_versions):
    router = make_router(cast(DeploymentConnection, None))
    paths = {(route.path, route.deprecated) for route in cast(Any, router).routes}
    assert {
        ("/v1/orders/{order_id:path}/draft", True),
        ("/v2/orders/{order_id:path}/draft", None),
    } <= paths


def test_upcasters_have_the_keyword_parameters_of_their_version():
    for upcasters in FORMER_COMMANDS.values():
        for upcast in upcasters:
            kinds = {p.kind for p in inspect.signature(upcast).parameters.values()}
            assert kinds <= {inspect.Parameter.KEYWORD_ONLY}
