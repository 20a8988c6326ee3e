"""The OpenAPI document: its examples are valid, and its operation ids do not change."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import cast

import jsonschema
import pytest

from consumers.doors.command_types import parse_arguments
from consumers.doors.deciders import DECIDERS
from consumers.doors.message import parse
from infra.http.api import create
from infra.http.connection import DeploymentConnection
from infra.http.examples import COMMANDS, EVENT, REPORT


def test_each_command_has_an_example():
    assert set(COMMANDS) == {(k, name) for k, d in DECIDERS.items() for name in d.decisions}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_example_of_a_command_is_valid(command):
    example = COMMANDS[command]
    assert set(parse_arguments(*command, json.dumps(example).encode())) >= set(example)


@pytest.mark.parametrize("event", [EVENT, REPORT])
def test_the_example_of_an_event_is_valid(event):
    assert parse(json.dumps(event).encode()).type == event["type"]


OPERATIONS = Path(__file__).with_name("http_operations.txt")


@pytest.fixture(scope="module")
def document():
    return create(cast(DeploymentConnection, None), None, lambda: False).openapi()


def test_operation_ids_are_those_that_were_published(document):
    """Generated clients name their functions by them: they are only added, by hand."""
    operations = sorted(
        f"{operation['operationId']} {method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    assert operations == OPERATIONS.read_text(encoding="utf-8").splitlines()
    ids = [line.partition(" ")[0] for line in operations]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[a-z]+(-[a-z]+)*", id) for id in ids)


def test_example_responses_match_their_schemas(document):
    components = document["components"]
    assert len(components["examples"]) > 5
    for name, example in components["examples"].items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": components}
        jsonschema.validate(example["value"], schema)
