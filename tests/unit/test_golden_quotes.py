"""Every quote that a release has fixed is priced as it was, to the byte, by an engine as it was."""

from __future__ import annotations

import json
from dataclasses import fields, make_dataclass, replace
from decimal import Decimal as D

import pytest

from domain.errors import NotAllowed
from domain.pricing.engines import BOOK_ENGINES, CURRENT, GIVEN, book_engine, repriced
from domain.pricing.proof import differences
from tests.golden import engines
from tests.golden.quotes import (
    QUOTES,
    GoldenQuote,
    current_quotes,
    encoded,
    features,
    read,
    required_features,
)

FILES = sorted(QUOTES.glob("*/*.json"))
GOLDEN = [pytest.param(read(f), id=str(f.relative_to(QUOTES))) for f in FILES]
BY_BOOK = [each for each in GOLDEN if not each.id.startswith(GIVEN)]
CENT = D("0.01")
ADD = "run `python -m tests.golden` and commit what it adds"
ALLOWED_IMPORTS = {
    *("domain.book.book", "domain.book.cache"),
    *("domain.pricing.quote", "domain.pricing.refusals", "domain.pricing.request"),
}
"""What an engine may import: shapes of data, a cache, and the words of refusals."""


@pytest.mark.parametrize("golden", GOLDEN)
def test_a_golden_quote_is_priced_as_it_was(golden):
    again = repriced(golden.quote, golden.version)
    assert list(differences(golden.quote, again)) == []
    assert encoded(GoldenQuote(again, golden.book)) == encoded(golden)


def test_every_engine_has_golden_quotes():
    present = [read(file) for file in FILES]
    assert {golden.quote.engine_version for golden in present} == {GIVEN, *BOOK_ENGINES}
    missing = [g.quote.engine_version for g in current_quotes() if g not in present]
    assert missing == [], ADD


def test_golden_quotes_of_the_current_engine_cover_every_kind_of_rule():
    current = [g for f in FILES if (g := read(f)).quote.engine_version == CURRENT.VERSION]
    covered = {feature for golden in current for feature in features(golden)}
    missing = required_features() - covered
    assert sorted(missing) == [], "add a quote to `current_quotes` in tests/golden/quotes.py"


@pytest.mark.parametrize("golden", BY_BOOK)
def test_the_current_engine_reads_the_inputs_of_every_engine(golden):
    engine = book_engine(golden.quote.engine_version)
    inputs = golden.quote.inputs
    assert CURRENT.price_request(inputs) == engine.price_request(inputs)


@pytest.mark.parametrize("golden", GOLDEN)
def test_a_cent_more_anywhere_is_reported(golden):
    def with_more(field, n, amount):
        parts = list(getattr(golden.quote, field))
        parts[n] = replace(parts[n], amount=parts[n].amount + amount)
        return replace(golden.quote, **{field: tuple(parts)})

    forged = [replace(golden.quote, total=golden.quote.total + CENT)]
    forged += [with_more("lines", n, CENT) for n in range(len(golden.quote.lines))]
    forged += [with_more("trace", n, CENT) for n in range(len(golden.quote.trace))]
    for quote in forged:
        assert list(differences(quote, repriced(quote, golden.version)))


def test_a_changed_rule_or_input_is_reported():
    golden = read(QUOTES / "book.v1/2.json")
    first, *others = golden.book.prices
    dearer = replace(golden.book, prices=(replace(first, amount=D("80.01")), *others))
    reported = list(differences(golden.quote, repriced(golden.quote, lambda *_: dearer)))
    assert reported[0].what == "total"
    assert any("80.01" in (each.again or "") for each in reported)
    busier = tuple(i if i.name != "load" else replace(i, value="0.99") for i in golden.quote.inputs)
    quote = replace(golden.quote, inputs=busier)
    again = repriced(quote, golden.version)
    assert "inputs_hash" in {each.what for each in differences(quote, again)}


def test_an_unknown_engine_is_refused_by_name():
    golden = read(QUOTES / "book.v1/1.json")
    with pytest.raises(NotAllowed, match=r"no price engine book\.v9, only given\.v1, book\.v1"):
        repriced(replace(golden.quote, engine_version="book.v9"), golden.version)


@pytest.mark.parametrize("golden", BY_BOOK)
def test_what_an_engine_writes_does_not_change_when_values_gain_fields(golden):
    engine = book_engine(golden.quote.engine_version)
    request = engine.price_request(golden.quote.inputs)
    later = replace(
        request,
        selections=tuple(with_added_field(each) for each in request.selections),
        instructions=tuple(with_added_field(each) for each in request.instructions),
    )
    again = engine.quote(later, golden.book)
    assert again["inputs"] == golden.quote.inputs
    assert again["inputs_hash"] == golden.quote.inputs_hash


def with_added_field(value):
    """The value as a later release has it: with one more optional field."""
    cls = make_dataclass(
        type(value).__name__, [("added", int | None, 1)], bases=(type(value),), frozen=True,
        kw_only=True,
    )  # fmt: skip
    return cls(**{f.name: getattr(value, f.name) for f in fields(value)})


# The source of the engines.


@pytest.mark.parametrize("engine", [GIVEN, *BOOK_ENGINES])
def test_an_engine_is_as_a_release_has_fixed_it(engine):
    file = engines.ENGINES / f"{engine}.json"
    assert file.exists(), ADD
    assert engines.digests(engines.source(engine)) == json.loads(file.read_bytes()), (
        "a price engine never changes: make a new one, see docs/extend/price-rule.md"
    )


@pytest.mark.parametrize("engine", [GIVEN, *BOOK_ENGINES])
def test_an_engine_depends_on_nothing_that_may_change(engine):
    own = f"domain.pricing.engines.{engine.replace('.', '_')}"
    modules = {m for text in engines.source(engine).values() for m in engines.imports(text)}
    others = {m for m in modules if m != own and not m.startswith(f"{own}.")}
    assert others - ALLOWED_IMPORTS == set()


def test_every_engine_folder_is_registered():
    folders = {p.name for p in engines.SOURCES.iterdir() if (p / "__init__.py").exists()}
    assert folders == {name.replace(".", "_") for name in (GIVEN, *BOOK_ENGINES)}


SOURCE = '''
"""What the module does."""
LIMIT = 15  # digits
"""What the limit is for."""


def double(x: int) -> int:
    """Twice the number."""
    return 2 * x
'''


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("What the module does", "Another sentence", True),
        ("What the limit is for", "Another sentence", True),
        ("Twice the number", "Another sentence", True),
        ("# digits", "# of digits", True),
        ("return 2 * x", "return (2*x)", True),
        ("return 2 * x", "return 3 * x", False),
        ("LIMIT = 15", "LIMIT = 16", False),
        ("double", "twice", False),
        ("x: int", "y: int", False),
    ],
)
def test_the_digest_of_a_source_ignores_only_layout_and_words_for_people(old, new, same):
    before = engines.digests({"engine.py": SOURCE})
    assert old in SOURCE
    after = engines.digests({"engine.py": SOURCE.replace(old, new)})
    assert (before == after) is same
