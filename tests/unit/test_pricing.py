"""Prices of lines: each kind of rule by hand, then whatever books and orders Hypothesis makes."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from decimal import ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP
from decimal import Decimal as D
from fractions import Fraction
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.book.book import PriceStep
from domain.errors import NotAllowed
from domain.pricing.engines import CURRENT
from domain.pricing.engines.book_v1.pricing import apportion
from domain.pricing.request import Conditions, PricedInstruction
from tests.unit.books import NOON, RULES, T0, book, line, price_request, priced, rule, term

SECOND = timedelta(seconds=1)


def amounts_by_rule(result):
    return {entry.rule_id: entry.amount for entry in result.trace}


def test_the_current_engine_has_every_kind_of_rule_that_a_book_may_have():
    assert get_args(PriceStep) == CURRENT.STEPS


def test_each_step_is_computed_on_the_total_of_the_steps_before():
    shirts = line(quantity=5, fabric="silk", collar="mao", sleeve="610.5", monogram=4)
    result = priced(shirts, conditions=Conditions(clock=T0, load=D("0.96"), lead_days=6))
    assert [(t.rule_id, t.basis, t.amount, t.step) for t in result.trace] == [
        ("shirt", "5 × 80.00", D("400.00"), "base"),
        ("silk", "5 × 19.99", D("99.95"), "option"),
        ("stiff", "5 × 3.333", D("16.66"), "combination"),  # 16.665
        ("long", "5 × 10.5 × 0.015", D("0.79"), "parametric"),  # 0.7875
        ("letters", "5 × 2 × 1.50", D("15.00"), "parametric"),
        ("from-5", "-0.03 of 532.4025", D("-15.97"), "volume"),
        ("spring", "-0.10 of 516.430425", D("-51.64"), "time"),
        ("very-busy", "0.15 of 464.78738250", D("69.72"), "capacity"),
        ("hurry", "5 × 9.00", D("45.00"), "capacity"),
        ("vat", "0.19 of 579.5054898750", D("110.10"), "tax"),
    ]
    assert {t.line_id for t in result.trace} == {"L1"}
    assert [t.cost for t in result.trace][:3] == [D("157.50"), D("60.00"), None]
    assert result.total == D("689.61")  # 689.61153…; the four largest remainders are rounded up


def test_a_rule_applies_only_within_its_bounds():
    assert "from-5" not in amounts_by_rule(priced(line(quantity=4)))
    twenty = amounts_by_rule(priced(line(quantity=20)))
    assert "from-20" in twenty
    assert "from-5" not in twenty, "of volume tiers only the highest one applies"
    assert "hurry" not in amounts_by_rule(priced(line(), conditions=replace(NOON, lead_days=7)))
    assert "letters" not in amounts_by_rule(priced(line()))
    april = T0.replace(month=4)
    for clock, applies in ((T0 - SECOND, 0), (T0, 1), (april - SECOND, 1), (april, 0)):
        result = priced(line(), conditions=replace(NOON, clock=clock))
        assert ("spring" in amounts_by_rule(result)) == applies


def test_tiers_of_different_terms_apply_together():
    tiers = (
        rule("b", "base", amount="10"),
        rule("all-5", "volume", from_quantity=5, share="-0.1"),
        rule("silk-2", "volume", term("fabric", "silk"), from_quantity=2, share="-0.2"),
    )
    assert priced(line(quantity=5, fabric="silk"), under=book(*tiers)).total == D("35.00")


def test_an_instruction_is_charged_for_each_piece_of_its_line_or_of_every_line():
    lines = [line("L1", quantity=2), line("L2", "scarf")]
    patty = PricedInstruction(
        instruction_id="I1", line_id="L1", operations=("extra-patty",), amount=D("1.50")
    )
    plain = book(*RULES[:2])
    assert priced(*lines, under=plain).total == D("185.99")
    assert priced(*lines, under=plain, instructions=[patty]).total == D("188.99")
    everywhere = replace(patty, line_id=None)
    result = priced(*lines, under=plain, instructions=[everywhere])
    assert result.total == D("190.49")
    assert [t.basis for t in result.trace if t.rule_id == "instruction"] == [
        "2 × 1.50 for I1", "1 × 1.50 for I1",
    ]  # fmt: skip


def test_an_amount_in_a_foreign_currency_needs_the_rate_of_exchange():
    usd = book(rule("b", "base", amount="10.00", cost="4", currency="USD"))
    result = priced(line(), conditions=replace(NOON, rates={"USD": D("0.921")}), under=usd)
    [entry] = result.trace
    assert (entry.basis, entry.amount, entry.cost) == (
        "1 × 10.00 USD × 0.921", D("9.21"), D("3.68"),
    )  # fmt: skip
    with pytest.raises(NotAllowed, match="rule b is in USD: give the rate of exchange of USD"):
        priced(line(), under=usd)


@pytest.mark.parametrize(
    ("item", "conditions", "message"),
    [
        (line(product="hat"), NOON, "no base price for line L1, product hat"),
        (line(), Conditions(clock=T0, lead_days=30), "rule busy depends on the load"),
        (line(), Conditions(clock=T0, load=D(0)), "rule hurry depends on the lead time"),
        (line(sleeve="long"), NOON, "sleeve of line L1 is not a number"),
        (line(sleeve="9" * 150), NOON, "sleeve of line L1 is not a number"),
        (line(sleeve="9" * 15), NOON, "more than 15 digits"),
    ],
)
def test_a_line_without_a_price_is_refused_with_the_remedy(item, conditions, message):
    longer = book(*RULES, rule("far", "parametric", per="sleeve", amount="100000000000000"))
    with pytest.raises(NotAllowed, match=message):
        priced(item, conditions=conditions, under=longer)


def test_a_negative_price_is_refused():
    off = book(rule("b", "base", amount="5"), rule("off", "discount", amount="-5.01"))
    with pytest.raises(NotAllowed, match=r"line L1 would cost -0\.01, which is negative"):
        priced(line(), under=off)


@pytest.mark.parametrize(
    ("rounding", "amount"),
    [("half_up", "0.13"), ("half_even", "0.12"), ("down", "0.12"), ("up", "0.13")],
)
def test_a_line_is_rounded_as_its_book_says(rounding, amount):
    one = rule("b", "base", amount="0.125")
    assert priced(line(), under=book(one, rounding=rounding)).total == D(amount)
    assert priced(line(), under=book(one, rounding=rounding, places=3)).total == D("0.125")


def test_inputs_that_the_engine_did_not_write_are_refused():
    book_input, version, *others, last = CURRENT.quote(price_request([line()]), book())["inputs"]
    for broken in (
        (version, *others, last),
        (book_input, replace(version, value="one"), *others, last),
        (book_input, version, *others, replace(last, value="{}")),
    ):
        with pytest.raises(NotAllowed, match="are not as they were stored"):
            CURRENT.price_request(broken)


# For any book and any order.

MODES = {
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
    "down": ROUND_DOWN,
    "up": ROUND_UP,
}
amounts = st.decimals("-3", "300", places=3)
shares = st.decimals("-0.2", "0.9", places=4)
term_lists = st.lists(
    st.sampled_from([term("fabric", "silk"), term("fabric", "cotton", "silk"), term("collar"),
                     term("product", "shirt")]), max_size=2, unique=True,
)  # fmt: skip
steps = st.sampled_from(["option", "combination", "volume", "time", "capacity", "discount", "tax"])
LONG = {"per": "sleeve", "free": D(500)}


@st.composite
def books(draw):
    rules = [rule("base", "base", amount=draw(st.decimals("200", "900", places=3)))]
    for n in range(draw(st.integers(0, 12))):
        form = draw(st.sampled_from(["amount", "share", "per"]))
        money = {"share": draw(shares)} if form == "share" else {"amount": draw(amounts)}
        step, bounds = draw(steps), {}
        if form == "per":
            money = {"amount": draw(st.decimals("0", "1", places=4))}
            step, bounds = "parametric", LONG
        elif step == "volume":
            bounds = {"from_quantity": draw(st.integers(1, 9))}
        elif step == "capacity":
            bounds = {"from_load": draw(st.decimals("0", "1", places=1))}
        rules.append(rule(f"r{n}", step, *draw(term_lists), **money, **bounds))
    return book(*rules, rounding=draw(st.sampled_from(list(MODES))), places=draw(st.integers(0, 4)))


lines = st.builds(
    line,
    quantity=st.integers(1, 30),
    monogram=st.integers(0, 12),
    fabric=st.sampled_from(["cotton", "silk"]),
    sleeve=st.integers(400, 900).map(str),
)
orders = st.lists(lines, min_size=1, max_size=6).map(
    lambda lines: [replace(each, line_id=f"L{n}") for n, each in enumerate(lines)]
)
instructions = st.lists(
    st.builds(
        PricedInstruction, instruction_id=st.sampled_from("ABC"),
        line_id=st.sampled_from([None, "L0", "L1"]),
        operations=st.just(("no-onions",)), amount=st.decimals("0", "5", places=2),
    ), max_size=2, unique_by=lambda i: i.instruction_id,
)  # fmt: skip
conditions = st.builds(
    Conditions, clock=st.just(T0), load=st.decimals("0", "1.2", places=2),
    lead_days=st.none() | st.integers(1, 60),
    rates=st.dictionaries(st.sampled_from(["USD", "CHF"]), st.decimals("0.1", "9", places=4)),
)  # fmt: skip


@st.composite
def requests(draw):
    """A book, and a request to price an order under it."""
    under = draw(books())
    return under, price_request(draw(orders), draw(conditions), draw(instructions), under)


def exact_sums(trace):
    """The sum of each line, computed in fractions from the bases of its trace."""
    sums = {}
    for entry in trace:
        basis = entry.basis.partition(" for ")[0]
        if " of " in basis:
            share, total = basis.split(" of ")
            value = Fraction(share) * Fraction(total)
        else:
            value = Fraction(1)
            for factor in basis.split(" × "):
                value *= Fraction(factor)
        sums[entry.line_id] = sums.get(entry.line_id, 0) + value
    return sums


def outcome(request, under):
    """The price, or the words of the refusal."""
    try:
        return CURRENT.price(request, under)
    except NotAllowed as refusal:
        return str(refusal)


@settings(deadline=None)
@given(requests())
def test_the_trace_sums_to_the_lines_and_the_lines_to_the_total(pair):
    under, request = pair
    result = outcome(request, under)
    if isinstance(result, str):
        return
    assert sum((li.amount for li in result.lines), D(0)) == result.total
    unit = D(1).scaleb(-under.places)
    exact = exact_sums(result.trace)
    for each in result.lines:
        entries = [t for t in result.trace if t.line_id == each.line_id]
        assert sum((t.amount for t in entries), D(0)) == each.amount
        error = Fraction(each.amount) - exact[each.line_id]
        assert abs(error) < Fraction(unit), "a line is its exact sum, rounded"
        if under.rounding.startswith("half"):
            assert abs(error) <= Fraction(unit) / 2
        assert all(t.amount == t.amount.quantize(unit) for t in entries)


@settings(deadline=None)
@given(requests(), st.randoms(use_true_random=False))
def test_the_order_of_lines_choices_and_instructions_changes_nothing(pair, dice: random.Random):
    under, request = pair
    shuffled = replace(
        request,
        selections=tuple(
            replace(
                each, options=dict(dice.sample(sorted(each.options.items()), len(each.options)))
            )
            for each in dice.sample(request.selections, len(request.selections))
        ),
        instructions=tuple(dice.sample(request.instructions, len(request.instructions))),
    )

    def quote_of(each):
        try:
            return CURRENT.quote(each, under)
        except NotAllowed as refusal:
            return str(refusal)

    assert msgspec.json.encode(quote_of(request)) == msgspec.json.encode(quote_of(shuffled))


@settings(deadline=None)
@given(requests())
def test_the_inputs_of_a_quote_are_read_as_the_same_request(pair):
    under, request = pair
    try:
        issued = CURRENT.quote(request, under)
    except NotAllowed:
        return
    again = CURRENT.price_request(issued["inputs"])
    assert again == replace(
        request, instructions=tuple(sorted(request.instructions, key=lambda i: i.instruction_id))
    )
    assert CURRENT.quote(again, under) == issued


@given(st.lists(st.decimals("-9", "9", places=5), min_size=1, max_size=12),
       st.sampled_from(list(MODES.values())))  # fmt: skip
def test_missing_units_go_to_the_largest_remainders(exact, mode):
    unit = D("0.01")
    total = sum(exact, D(0)).quantize(unit, mode)
    rounded = apportion(exact, total, unit)
    assert sum(rounded, D(0)) == total
    assert all(abs(one - other) < unit for one, other in zip(rounded, exact, strict=True))
    remainders = [amount - amount.quantize(unit, ROUND_FLOOR) for amount in exact]
    raised = [one > other for one, other in zip(rounded, exact, strict=True)]
    rounded_up = [r for r, up in zip(remainders, raised, strict=True) if up]
    rounded_down = [r for r, up in zip(remainders, raised, strict=True) if not up and r]
    assert min(rounded_up, default=unit) >= max(rounded_down, default=D(0))
