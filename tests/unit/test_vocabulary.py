"""The repository keeps its language rules; each check reports what breaks it, and only that."""

from __future__ import annotations

import ast

import pytest

from tests.vocabulary import (
    broken_links,
    hiding_names,
    missing_files,
    problems,
    prose,
    repeated_types,
    stopped_columns,
    stopped_names,
)


def test_the_repository_keeps_the_rules():
    assert problems() == []


@pytest.mark.parametrize(
    "source",
    [
        "said = 1",
        "def told(): pass",
        "def f(asked): pass",
        "def f(*, known=None): pass",
        "def f(**found): pass",
        "f = lambda wanted: 0",
        "class Said: pass",
        "Told = int",
        "class Row:\n    made: int",
        "self.gone = 1",
        "f(said=1)",
        "import json as told",
        "with open('x') as made: pass",
        "for found in (): pass",
        "[0 for known in ()]",
        "try: pass\nexcept OSError as told: pass",
        "match 1:\n    case int() as asked: pass",
        "match {}:\n    case {**meant}: pass",
        "_said = 1",
    ],
)
def test_a_name_in_the_stop_list_is_reported_wherever_it_is_defined(source):
    assert len(list(stopped_names(ast.parse(source)))) == 1


@pytest.mark.parametrize(
    "source", ["is_known = 1", "NotFound = int", "x = said", "'told'", "one = 1"]
)
def test_other_names_usages_and_strings_are_not_reported(source):
    assert list(stopped_names(ast.parse(source))) == []


def test_a_released_name_is_not_reported():
    tree = ast.parse("class Row:\n    made: int\n    told: int")
    assert list(stopped_names(tree, {"made"})) == [(3, "the name told is in the stop list")]


@pytest.mark.parametrize(
    "body",
    [
        "price = 1",
        "for price in (): pass",
        "[0 for price in ()]",
        "def price(): pass",
        "from other import price",
        "try: pass\n    except OSError as price: pass",
        "match 1:\n        case int() as price: pass",
        "return lambda price: 0",
    ],
)
def test_a_local_that_hides_a_function_of_its_module_is_reported(body):
    module = ast.parse(f"def price(): pass\ndef f():\n    {body}\n")
    assert [problem for _, problem in hiding_names(module)] == [
        "the local price hides a function of this module"
    ]


@pytest.mark.parametrize("arguments", ["price", "*price", "**price", "*, price=1", "price, /"])
def test_a_parameter_that_hides_a_function_of_its_module_is_reported(arguments):
    module = ast.parse(f"def price(): pass\ndef f({arguments}): pass\n")
    assert len(list(hiding_names(module))) == 1


def test_methods_attributes_and_module_variables_hide_nothing():
    module = ast.parse(
        "def price(): pass\nclass C:\n    def price(self):\n        self.price = price()\n"
    )
    assert list(hiding_names(module)) == []


@pytest.mark.parametrize(
    "second", ["class Row: pass", "Row = dict[str, int]", "def f():\n    class Row: pass"]
)
def test_a_type_that_is_defined_twice_is_reported(second):
    trees = {"a.py": ast.parse("class Row: pass"), "b.py": ast.parse(second)}
    [problem] = repeated_types(trees)
    assert problem.startswith("a.py:1: the type Row is defined again at b.py:")


@pytest.mark.parametrize(
    "second", ["ROW = 1", "Row = make()", "row = 1", "def f():\n    Row = 1", "class Rows: pass"]
)
def test_constants_calls_and_locals_are_no_types(second):
    trees = {"a.py": ast.parse("class Row: pass"), "b.py": ast.parse(second)}
    assert list(repeated_types(trees)) == []


EXISTING = frozenset({"README.md", "guide/kafka.md", "kafka.md", "docs/adr/0003-sealed.md"})


@pytest.mark.parametrize(
    "text",
    ["see design.md", "`guide/http.md`", "store.py has it", "docs/adr/0004-keys.md", "ADR 4",
     "docs/adr/0004"],
)  # fmt: skip
def test_a_reference_to_a_file_that_does_not_exist_is_reported(text):
    assert [line for line, _ in missing_files(f"first line\n{text}", EXISTING)] == [2]


@pytest.mark.parametrize(
    "text",
    ["README.md", "guide/kafka.md", "kafka.md", "ADR 3", "docs/adr/0003", "docs/adr/0003-sealed.md",
     "https://example.org/other.md", "*.md", "catalogue FILE.yaml"],
)  # fmt: skip
def test_references_that_exist_addresses_and_patterns_are_not_reported(text):
    assert list(missing_files(text, EXISTING)) == []


def test_a_link_to_a_file_that_does_not_exist_is_reported(tmp_path):
    (tmp_path / "guide").mkdir()
    (tmp_path / "guide" / "kafka.md").touch()
    text = (
        "[a](guide/kafka.md) [b](guide/kafka.md#log) [c](guide) [d](https://example.org/x.md)\n"
        "[e](#here) [f](guide/http.md) [g](../other.md#top)\n"
    )
    assert [problem for _, problem in broken_links(text, tmp_path)] == [
        "the link to guide/http.md is broken", "the link to ../other.md is broken",
    ]  # fmt: skip


def test_references_in_tests_are_read_from_comments_and_docstrings():
    source = 'def test():\n    """As in one.md."""\n    write("two.md")  # see three.md\n'
    assert prose(source).splitlines() == ["", "As in one.md.", "# see three.md"]


def test_a_column_in_the_stop_list_is_reported_and_a_comment_is_not():
    sql = "-- what was said\nCREATE TABLE store.row (\n  told text DEFAULT 'asked'\n);"
    assert list(stopped_columns(sql)) == [(3, "the name told is in the stop list")]
