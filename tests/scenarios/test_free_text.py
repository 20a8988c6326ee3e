"""Special instructions: interpreted by rules, by a plug-in, or by a person."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.both_logs import LOGS
from tests.conftest import log_of
from tests.frontdoor import Front

PLUG_IN = """
from domain.free_text.interpretation import Interpretation, Meaning

def read(text, phrases):
    if "?" in text:
        raise ValueError(f"what is {text}")
    if "!" in text:
        return text
    meaning = Meaning(operations=("shout",))
    return Interpretation(meanings=(meaning,), understood=1.0, confidence=0.7, by="parrot.v1")
"""


@pytest.fixture(scope="module", params=LOGS)
def front(request, tmp_path_factory):
    front = Front(tmp_path_factory.mktemp("words") / "home", log_of(request))
    front.ok("order", "draft", "7", "--line", "L1=burger:2")
    return front


@pytest.fixture(scope="module")
def parrot(front, tmp_path_factory):
    """The same deployment with another interpreter, from an installed package."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "parrot.py").write_text(PLUG_IN)
    info = folder / "parrot-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: parrot\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ordermade.interpreters]\nparrot = parrot:read\n")
    more = *front.more, ("PYTHONPATH", str(folder)), ("ORDERMADE_INTERPRETER", "parrot")
    return replace(front, more=more)


def instructions(front):
    [row] = front.show("demand", "7")
    return {each["instruction_id"]: each for each in row["instructions"]}


def test_what_the_rules_do_not_understand_waits_for_a_person(front):
    front.ok("order", "instruct", "7", "I1", "extra patty", "--line", "L1")
    front.ok("order", "interpret", "7", "I1")
    [waiting] = front.rows("order", "waiting")
    assert (waiting["order"], waiting["text"], waiting["guess"]) == ("7", "extra patty", [])
    front.ok("order", "interpret", "7", "I1", "--operation", "extra-patty", "--by", "cook",
             "--amount", "2.50", "--currency", "EUR")  # fmt: skip
    assert front.rows("order", "waiting") == []
    front.ok("order", "tell", "7", "decline", '{"instruction_id": "I1", "cause": "sold-out"}')
    figures = json.loads(front.ok("show", "demand", "--json"))["figures"]
    assert figures["worth"] == {"EUR": "5.00"}
    assert [(u["meaning"], u["pieces"], u["by_price"]) for u in figures["unmet"]] == [
        ("extra-patty", 2, 1)
    ]
    [row] = front.rows("sql", "SELECT * FROM demand")
    assert "texts" not in row
    assert "extra patty" not in str(row)


def test_settings_name_the_interpreter_and_the_confidence_that_it_needs(parrot):
    parrot.ok("order", "instruct", "7", "I2", "hello")
    parrot.ok("order", "interpret", "7", "I2")
    assert (instructions(parrot)["I2"]["status"], instructions(parrot)["I2"]["interpreted_by"]) == (
        "unsure",
        "parrot.v1",
    )
    less_strict = replace(parrot, more=(*parrot.more, ("ORDERMADE_SURE_FROM", "0.7")))
    less_strict.ok("order", "interpret", "7", "I2")
    assert instructions(parrot)["I2"]["status"] == "interpreted"


@pytest.mark.parametrize(
    ("id", "text", "failure"),
    [("I3", "secret?", "failed (ValueError)"), ("I4", "secret!", "is not an interpretation")],
)
def test_the_failure_of_an_interpreter_is_shown_without_the_text(parrot, id, text, failure):
    parrot.ok("order", "instruct", "7", id, text)
    error = parrot.refused("order", "interpret", "7", id)
    assert failure in error
    assert "secret" not in error
    assert instructions(parrot)[id]["status"] == "given"


def test_wrong_interpreters_and_instructions_are_refused(front):
    unknown = replace(front, more=(("ORDERMADE_INTERPRETER", "oracle"),))
    assert "there is no interpreter oracle: set ORDERMADE_INTERPRETER to one of rules" in (
        unknown.refused("order", "interpret", "7", "I1")
    )
    assert "at most 10000" in front.refused("order", "instruct", "7", "I5", "x" * 100_000)
    assert "no instruction I9" in front.refused("order", "interpret", "7", "I9")
    front.ok("order", "instruct", "7", "I6", "rare")
    by_nobody = "order", "interpret", "7", "I6", "--operation", "rare"
    assert "operations are named by a person: say who" in front.refused(*by_nobody)
    assert "an amount needs a currency" in front.refused(*by_nobody, "--by", "cook", "--amount", 1)
