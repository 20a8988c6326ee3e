"""A catalogue as a file: read as it was written, and every fault with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.imports.catalogue import read, write

FILES = sorted((Path(__file__).parents[2] / "infra/imports/catalogues").glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_the_catalogues_of_the_repository_are_right_and_are_written_as_they_read(file):
    book, faults = read(file.read_text(encoding="utf-8"))
    assert faults == []
    assert book.book == file.stem
    assert read(write(book)) == (book, [])


def faults(text):
    return [str(fault) for fault in read(text)[1]]


HEAD = (
    "book: x\ncurrency: EUR\nproducts: [p]\n"
    "prices: [{rule_id: r, words: R, step: base, amount: 1}]\n"
)


def test_everything_that_is_wrong_is_told_with_its_line():
    told = faults(
        "book: x\ncurrency: euro\nproducts: []\ncolour: red\noptions:\n"
        "  - {option: a, label: A, stage: never, values: [x]}\n"
        "  - {label: B, stage: packaging}\n"
        "prices:\n  - {rule_id: r, words: R, step: base,\n     amount: 1.2345678}\n"
    )
    assert [line.partition(": ")[0] for line in told] == ["2", "3", "4", "6", "7", "10"]
    assert "options.1.option: is missing: add it" in told[4]
    assert "at most six decimals" in told[5]


def test_what_does_not_go_together_is_told_by_the_name_of_the_part():
    told = faults(
        HEAD + "options:\n"
        "  - {option: a, label: A, stage: packaging, values: [x]}\n"
        "  - {option: a, label: A, stage: packaging, values: [y], products: [q]}\n"
        "  - {option: c, label: C, stage: packaging, values: [x, x]}\n"
        "inputs:\n"
        "  - {name: n, option: b, question: How?, obtained: asked}\n"
    )
    assert set(told) >= {
        "7: options a: is offered for q, which is no product: add it, or leave it out",
        "7: options a: is there twice: give each an id of its own",
        "8: options c: names a value twice: name it once",
        "10: inputs n: is needed for b, which is no option: add it",
    }


def test_a_scalar_is_its_text():
    [option] = read(
        HEAD + "options:\n  - {option: 'on', label: A, stage: packaging, values: [no, 1.50, 010]}"
    )[0].options
    assert option.values == ("no", "1.50", "010")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "1: a catalogue is a mapping"),
        ("- a", "1: a catalogue is a mapping"),
        ("book: x\nproducts: [", ": this is no YAML"),
        ("book: x\nproducts: \x00", "this is no YAML"),
        ("book: x\nbook: y", "2: book: is there twice"),
        ("book: &a [x]\ncurrency: *a", "currency: an alias (*name): write it out"),
        (HEAD + "options:\n - {option: a, label: " + "x" * 1_000_000 + "}", "at most 10000"),
    ],
)
def test_what_is_no_catalogue_is_told_so(text, words):
    assert any(words in line for line in faults(text)), faults(text)
