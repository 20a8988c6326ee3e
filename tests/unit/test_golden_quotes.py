"""Every quote that a release is held to is priced as it was then, to the byte."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from domain.errors import NotAllowed
from domain.pricing.engines import ENGINES, differences, repriced
from tests.golden.quotes import QUOTES, GoldenQuote, encoded, read, today

FILES = sorted(QUOTES.glob("*/*.json"))
GOLDEN = [pytest.param(read(f), id=str(f.relative_to(QUOTES))) for f in FILES]


@pytest.mark.parametrize("golden", GOLDEN)
def test_a_golden_quote_is_priced_as_it_was(golden):
    again = repriced(golden.quote, golden.version)
    assert list(differences(golden.quote, again)) == []
    assert encoded(GoldenQuote(again, golden.book)) == encoded(golden)


def test_each_engine_is_held_and_what_this_release_prices_is():
    """Run `python -m tests.golden.quotes` for what is new; what changes a quote is a new engine."""
    kept = [read(file) for file in FILES]
    assert {golden.quote.engine_version for golden in kept} == set(ENGINES)
    assert [golden.quote.engine_version for golden in today() if golden not in kept] == []


CENT = D("0.01")


@pytest.mark.parametrize("golden", GOLDEN)
def test_a_cent_more_anywhere_is_seen(golden):
    def one_more(part, n, amount):
        parts = list(getattr(golden.quote, part))
        parts[n] = replace(parts[n], amount=parts[n].amount + amount)
        return replace(golden.quote, **{part: tuple(parts)})

    forged = [replace(golden.quote, total=golden.quote.total + CENT)]
    forged += [one_more("lines", n, CENT) for n in range(len(golden.quote.lines))]
    forged += [one_more("trace", n, CENT) for n in range(len(golden.quote.trace))]
    for quote in forged:
        assert list(differences(quote, repriced(quote, golden.version)))


def test_a_changed_rule_or_input_is_seen():
    golden = read(QUOTES / "book.v1/2.json")
    first, *others = golden.book.prices
    dearer = replace(golden.book, prices=(replace(first, amount=D("80.01")), *others))
    found = list(differences(golden.quote, repriced(golden.quote, lambda *_: dearer)))
    assert found[0].what == "total"
    assert "80.01" in found[-1].again or any("80.01" in (d.again or "") for d in found)
    kept = [i if i.name != "load" else replace(i, value="0.99") for i in golden.quote.inputs]
    busier = replace(golden.quote, inputs=tuple(kept))
    assert "inputs_hash" in {d.what for d in differences(busier, repriced(busier, golden.version))}


def test_an_unknown_engine_is_named():
    golden = read(QUOTES / "book.v1/1.json")
    with pytest.raises(NotAllowed, match=r"no engine book\.v9, only given\.v1, book\.v1"):
        repriced(replace(golden.quote, engine_version="book.v9"), golden.version)
