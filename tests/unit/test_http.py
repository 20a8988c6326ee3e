"""What the HTTP door shows of the commands is what they take."""

from __future__ import annotations

import json

import pytest

from consumers.doors.deciders import DECIDERS, parse_arguments
from consumers.doors.message import parse
from infra.http.examples import COMMANDS, EVENT, REPORT


def test_each_command_has_an_example():
    assert set(COMMANDS) == {(k, name) for k, d in DECIDERS.items() for name in d.decisions}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_example_of_a_command_is_one(command):
    said = COMMANDS[command]
    assert set(parse_arguments(*command, json.dumps(said).encode())) >= set(said)


@pytest.mark.parametrize("event", [EVENT, REPORT])
def test_the_example_of_an_event_is_one(event):
    assert parse(json.dumps(event).encode()).type == event["type"]
