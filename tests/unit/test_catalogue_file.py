"""A catalogue file is read as it was written, and every problem with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.imports.catalogue import read, write

FILES = sorted((Path(__file__).parents[2] / "infra/imports/catalogues").glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_the_catalogues_of_the_repository_have_no_problems_and_are_written_as_they_are_read(file):
    book, problems = read(file.read_text(encoding="utf-8"))
    assert problems == []
    assert book.book == file.stem
    assert read(write(book)) == (book, [])


def problems_of(text):
    return [str(problem) for problem in read(text)[1]]


HEAD = (
    "book: x\ncurrency: EUR\nproducts: [p]\n"
    "prices: [{rule_id: r, words: R, step: base, amount: 1}]\n"
)


def test_all_wrong_fields_are_reported_with_their_lines():
    problems = problems_of(
        "book: x\ncurrency: euro\nproducts: []\ncolour: red\noptions:\n"
        "  - {option: a, label: A, stage: never, values: [x]}\n"
        "  - {label: B, stage: packaging}\n"
        "prices:\n  - {rule_id: r, words: R, step: base,\n     amount: 1.2345678}\n"
    )
    assert [line.partition(": ")[0] for line in problems] == ["2", "3", "4", "6", "7", "10"]
    assert "options.1.option: is missing: add it" in problems[4]
    assert "at most six decimals" in problems[5]


def test_items_that_do_not_go_together_are_reported_by_their_ids():
    problems = problems_of(
        HEAD + "options:\n"
        "  - {option: a, label: A, stage: packaging, values: [x]}\n"
        "  - {option: a, label: A, stage: packaging, values: [y], products: [q]}\n"
        "  - {option: c, label: C, stage: packaging, values: [x, x]}\n"
        "inputs:\n"
        "  - {name: n, option: b, question: How?, obtained: asked}\n"
    )
    assert set(problems) >= {
        "7: options a: is offered for q, which is not a product: add it, or leave it out",
        "7: options a: is there twice: give each an id of its own",
        "8: options c: has a value twice: list it once",
        "10: inputs n: is needed for b, which is not an option: add it",
    }


def test_a_scalar_is_read_as_text():
    [option] = read(
        HEAD + "options:\n  - {option: 'on', label: A, stage: packaging, values: [no, 1.50, 010]}"
    )[0].options
    assert option.values == ("no", "1.50", "010")


@pytest.mark.parametrize(
    ("text", "part_of_problem"),
    [
        ("", "1: a catalogue is a mapping"),
        ("- a", "1: a catalogue is a mapping"),
        ("book: x\nproducts: [", ": this is not YAML"),
        ("book: x\nproducts: \x00", "this is not YAML"),
        ("book: x\nbook: y", "2: book: is there twice"),
        ("book: &a [x]\ncurrency: *a", "currency: is an alias (*name): write its contents out"),
        (HEAD + "options:\n - {option: a, label: " + "x" * 1_000_000 + "}", "at most 10000"),
    ],
)
def test_a_text_that_is_not_a_catalogue_is_reported(text, part_of_problem):
    problems = problems_of(text)
    assert any(part_of_problem in each for each in problems), problems
