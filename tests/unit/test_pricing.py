"""What lines cost: rule by rule by hand, then whatever Hypothesis makes of books and orders."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from decimal import ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP
from decimal import Decimal as D
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import NotAllowed
from domain.pricing.inputs import PriceRequest, inputs, inputs_hash, price_request
from domain.pricing.pricing import Conditions, PricedInstruction, price, spread
from tests.unit.books import NOON, RULES, T0, book, line, rule, term

SECOND = timedelta(seconds=1)


def spoke(priced):
    return {part.rule_id: part.amount for part in priced.trace}


def total(*lines, conditions=NOON, instructions=(), of=None):
    return price(of or book(), lines, conditions, instructions).total


def test_each_step_stands_on_the_steps_before():
    whole = line(quantity=5, fabric="silk", collar="mao", sleeve="610.5", monogram=4)
    busy = Conditions(clock=T0, load=D("0.96"), lead_days=6)
    priced = price(book(), [whole], busy)
    assert [(p.rule_id, p.basis, p.amount, p.step) for p in priced.trace] == [
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
    assert {p.line_id for p in priced.trace} == {"L1"}
    assert [p.cost for p in priced.trace][:3] == [D("157.50"), D("60.00"), None]
    assert priced.total == D("689.61")  # 689.61153…; the four that lost most by it are rounded up


def test_only_what_is_reached_speaks():
    assert "from-5" not in spoke(price(book(), [line(quantity=4)], NOON))
    many = spoke(price(book(), [line(quantity=20)], NOON))
    assert "from-20" in many
    assert "from-5" not in many, "of volume tiers the highest one speaks"
    assert "hurry" not in spoke(price(book(), [line()], replace(NOON, lead_days=7)))
    assert "letters" not in spoke(price(book(), [line()], NOON))
    april = T0.replace(month=4)
    for clock, speaks in ((T0 - SECOND, 0), (T0, 1), (april - SECOND, 1), (april, 0)):
        assert ("spring" in spoke(price(book(), [line()], replace(NOON, clock=clock)))) == speaks


def test_tiers_of_other_options_are_other_tiers():
    tiers = (
        rule("b", "base", amount="10"),
        rule("all-5", "volume", from_quantity=5, share="-0.1"),
        rule("silk-2", "volume", term("fabric", "silk"), from_quantity=2, share="-0.2"),
    )
    assert total(line(quantity=5, fabric="silk"), of=book(*tiers)) == D("35.00")


def test_an_instruction_is_charged_a_piece_of_its_line_or_of_every_line():
    lines = [line("L1", quantity=2), line("L2", "scarf")]
    patty = PricedInstruction(
        instruction_id="I1", line_id="L1", operations=("extra-patty",), amount=D("1.50")
    )
    plain = book(*RULES[:2])
    assert total(*lines, of=plain) == D("185.99")
    assert total(*lines, of=plain, instructions=[patty]) == D("188.99")
    everywhere = replace(patty, line_id=None)
    priced = price(plain, lines, NOON, [everywhere])
    assert priced.total == D("190.49")
    assert [p.basis for p in priced.trace if p.rule_id == "instruction"] == [
        "2 × 1.50 for I1", "1 × 1.50 for I1",
    ]  # fmt: skip


def test_a_foreign_amount_needs_its_rate():
    usd = book(rule("b", "base", amount="10.00", cost="4", currency="USD"))
    priced = price(usd, [line()], replace(NOON, rates={"USD": D("0.921")}))
    [part] = priced.trace
    assert (part.basis, part.amount, part.cost) == ("1 × 10.00 USD × 0.921", D("9.21"), D("3.68"))
    with pytest.raises(NotAllowed, match="rule b is in USD: name the rate of exchange"):
        price(usd, [line()], NOON)


@pytest.mark.parametrize(
    ("lines", "conditions", "words"),
    [
        ([line(product="hat")], NOON, "no base price for line L1, a hat"),
        ([line()], Conditions(clock=T0, lead_days=30), "rule busy prices by how busy we are"),
        ([line()], Conditions(clock=T0, load=D(0)), "rule hurry prices by the lead time"),
        ([line(sleeve="long")], NOON, "sleeve of line L1 is no number"),
        ([line(sleeve="9" * 150)], NOON, "sleeve of line L1 is no number"),
        ([line(sleeve="9" * 15)], NOON, "more than 15 digits"),
    ],
)  # fmt: skip
def test_what_cannot_be_priced_is_a_sentence(lines, conditions, words):
    longer = book(*RULES, rule("far", "parametric", per="sleeve", amount="100000000000000"))
    with pytest.raises(NotAllowed, match=words):
        price(longer, lines, conditions)


def test_nothing_is_sold_below_nothing():
    off = book(rule("b", "base", amount="5"), rule("off", "discount", amount="-5.01"))
    with pytest.raises(NotAllowed, match=r"line L1 would cost -0\.01: less than nothing"):
        total(line(), of=off)


@pytest.mark.parametrize(
    ("rounding", "amount"),
    [("half_up", "0.13"), ("half_even", "0.12"), ("down", "0.12"), ("up", "0.13")],
)
def test_the_book_says_how_to_round(rounding, amount):
    one = rule("b", "base", amount="0.125")
    assert total(line(), of=book(one, rounding=rounding)) == D(amount)
    assert total(line(), of=book(one, rounding=rounding, places=3)) == D("0.125")


# Whatever books and orders there may be.

MODES = {
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
    "down": ROUND_DOWN,
    "up": ROUND_UP,
}
amounts = st.decimals("-3", "300", places=3)
shares = st.decimals("-0.2", "0.9", places=4)
whens = st.lists(
    st.sampled_from([term("fabric", "silk"), term("fabric", "cotton", "silk"), term("collar"),
                     term("product", "shirt")]), max_size=2, unique=True,
)  # fmt: skip
steps = st.sampled_from(["option", "combination", "volume", "time", "capacity", "discount", "tax"])
LONG = {"per": "sleeve", "free": D(500)}


@st.composite
def books(draw):
    rules = [rule("base", "base", amount=draw(st.decimals("200", "900", places=3)))]
    for n in range(draw(st.integers(0, 12))):
        how = draw(st.sampled_from(["amount", "share", "per"]))
        said = {"share": draw(shares)} if how == "share" else {"amount": draw(amounts)}
        step, more = draw(steps), {}
        if how == "per":
            said, step, more = {"amount": draw(st.decimals("0", "1", places=4))}, "parametric", LONG
        elif step == "volume":
            more = {"from_quantity": draw(st.integers(1, 9))}
        elif step == "capacity":
            more = {"from_load": draw(st.decimals("0", "1", places=1))}
        rules.append(rule(f"r{n}", step, *draw(whens), **said, **more))
    return book(*rules, rounding=draw(st.sampled_from(list(MODES))), places=draw(st.integers(0, 4)))


selections = st.builds(
    line,
    quantity=st.integers(1, 30),
    monogram=st.integers(0, 12),
    fabric=st.sampled_from(["cotton", "silk"]),
    sleeve=st.integers(400, 900).map(str),
)
orders = st.lists(selections, min_size=1, max_size=6).map(
    lambda lines: [replace(each, line_id=f"L{n}") for n, each in enumerate(lines)]
)
instructions = st.lists(
    st.builds(
        PricedInstruction, instruction_id=st.sampled_from("ABC"),
        line_id=st.sampled_from([None, "L0", "L1"]),
        operations=st.just(("no-onions",)), amount=st.decimals("0", "5", places=2),
    ), max_size=2, unique_by=lambda w: w.instruction_id,
)  # fmt: skip
conditions = st.builds(
    Conditions, clock=st.just(T0), load=st.decimals("0", "1.2", places=2),
    lead_days=st.none() | st.integers(1, 60),
    rates=st.dictionaries(st.sampled_from(["USD", "CHF"]), st.decimals("0.1", "9", places=4)),
)  # fmt: skip


def exact(priced):
    """What the bases say, summed by fractions, for each line."""
    sums = {}
    for part in priced.trace:
        said = part.basis.partition(" for ")[0]
        if " of " in said:
            share, of = said.split(" of ")
            value = Fraction(share) * Fraction(of)
        else:
            value = Fraction(1)
            for factor in said.split(" × "):
                value *= Fraction(factor)
        sums[part.line_id] = sums.get(part.line_id, 0) + value
    return sums


def outcome(*arguments):
    try:
        return price(*arguments)
    except NotAllowed as refusal:
        return str(refusal)


@settings(deadline=None)
@given(books(), orders, conditions, instructions)
def test_the_trace_sums_to_the_lines_and_they_to_the_total(of, lines, when, wished):
    priced = outcome(of, lines, when, wished)
    if isinstance(priced, str):
        return
    assert sum((li.amount for li in priced.lines), D(0)) == priced.total
    unit = D(1).scaleb(-of.places)
    by_hand = exact(priced)
    for each in priced.lines:
        parts = [p for p in priced.trace if p.line_id == each.line_id]
        assert sum((p.amount for p in parts), D(0)) == each.amount
        off = Fraction(each.amount) - by_hand[each.line_id]
        assert abs(off) < Fraction(unit), "a line is its exact sum, rounded"
        if of.rounding.startswith("half"):
            assert abs(off) <= Fraction(unit) / 2
        assert all(p.amount == p.amount.quantize(unit) for p in parts)


@settings(deadline=None)
@given(books(), orders, conditions, instructions, st.randoms(use_true_random=False))
def test_the_order_of_things_changes_nothing(of, lines, when, wished, dice: random.Random):
    """Of lines, of instructions, of what was chosen first."""
    shuffled = [
        replace(each, options=dict(dice.sample(sorted(each.options.items()), len(each.options))))
        for each in dice.sample(lines, len(lines))
    ]
    again = dice.sample(wished, len(wished))
    first, second = outcome(of, lines, when, wished), outcome(of, shuffled, when, again)
    assert msgspec.json.encode(first) == msgspec.json.encode(second)
    said = [
        PriceRequest(
            book="shop", version=1, conditions=when, selections=tuple(each), instructions=tuple(w)
        )
        for each, w in ((lines, wished), (shuffled, again))
    ]
    assert inputs(said[0]) == inputs(said[1])


@settings(deadline=None)
@given(books(), orders, conditions, instructions)
def test_inputs_lead_back_to_what_was_asked(of, lines, when, wished):
    said = PriceRequest(
        book=of.book, version=of.version, conditions=when, selections=tuple(lines),
        instructions=tuple(sorted(wished, key=lambda w: w.instruction_id)),
    )  # fmt: skip
    kept = inputs(said)
    assert price_request(kept) == said
    assert inputs_hash(inputs(price_request(kept))) == inputs_hash(kept)
    back = price_request(kept)
    assert outcome(of, back.selections, back.conditions, back.instructions) == outcome(
        of, lines, when, wished
    )


@given(st.lists(st.decimals("-9", "9", places=5), min_size=1, max_size=12),
       st.sampled_from(list(MODES.values())))  # fmt: skip
def test_residues_go_to_those_that_lost_most(exactly, mode):
    unit = D("0.01")
    rounded = sum(exactly, D(0)).quantize(unit, mode)
    parts = spread(exactly, rounded, unit)
    assert sum(parts, D(0)) == rounded
    lost = [amount - amount.quantize(unit, ROUND_FLOOR) for amount in exactly]
    raised = [given > amount for given, amount in zip(parts, exactly, strict=True)]
    assert all(abs(p - a) < unit for p, a in zip(parts, exactly, strict=True))
    most = [each for each, up in zip(lost, raised, strict=True) if up]
    least = [each for each, up in zip(lost, raised, strict=True) if not up and each]
    assert min(most, default=unit) >= max(least, default=D(0))


def test_inputs_of_nobody_are_a_sentence():
    kept = inputs(PriceRequest(book="shop", version=1, conditions=NOON, selections=(line(),)))
    for broken in (kept[1:], (*kept[:1], replace(kept[1], value="one"), *kept[2:]),
                   (*kept[:-1], replace(kept[-1], value="{}"))):  # fmt: skip
        with pytest.raises(NotAllowed, match="are not as they were stored"):
            price_request(broken)
