"""The examples of the OpenAPI document are valid."""

from __future__ import annotations

import json

import pytest

from consumers.doors.deciders import DECIDERS, parse_arguments
from consumers.doors.message import parse
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
