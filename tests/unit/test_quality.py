"""Yields, pairs and instructions, against counts made by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.book.book import OrderLine
from domain.order import events as e
from domain.order import reports as r
from domain.order.evolve import evolve
from domain.order.progress import Progress
from projections.figures.measures import wilson
from tests.unit.log import CHOICE, T0, figures, said


def drafted(*lines):
    return e.OrderDrafted(lines=tuple(OrderLine(line_id=x, product="shirt") for x in lines))


def chosen(line, option, value):
    return e.OptionChosen(line_id=line, option=option, value=value, **CHOICE)


def passed(check, line="L1"):
    return r.QualityCheckPassed(check_id=check, line_id=line, quantity=1)


def failed(check, line="L1", **more):
    return r.QualityCheckFailed(check_id=check, line_id=line, quantity=2, defect="thread", **more)


def rework(check):
    step = e.Step(operation_id=f"again-{check}", line_id="L1", work_centre="sewing")
    return e.ReworkOrdered(check_id=check, route=(step,))


def wish(id):
    return e.SpecialInstructionGiven(instruction_id=id, text="please", **CHOICE)


def read(id, *operations):
    return e.SpecialInstructionInterpreted(
        instruction_id=id, operations=operations, confidence=0.5, by="clerk"
    )


def shop(**orders):
    return [said(f"order/{order}", data) for order, story in orders.items() for data in story]


SLIM, SERIF, SANS, WIDE = (
    chosen("L1", "fit", "slim"), chosen("L1", "font", "serif"), chosen("L1", "font", "sans"),
    chosen("L1", "fit", "wide"),
)  # fmt: skip
SHOP = shop(
    a=(drafted("L1"), SLIM, SERIF, passed("C1")),
    b=(drafted("L1"), SLIM, SERIF, failed("C1"), rework("C1"), passed("C2")),
    c=(drafted("L1", "L2"), SLIM, SANS, failed("C1", instruction_id="I1"), rework("C1"),
       e.ReworkEscalated(check_id="C1", tries=3), passed("C2", "L2")),
    d=(drafted("L1"), WIDE, SERIF),
)  # fmt: skip


def test_a_line_that_ever_failed_did_not_pass_at_first():
    made = figures("quality", SHOP).first_pass_yield
    assert (made.first_pass, made.checked, made.rate) == (2, 4, 0.5)
    assert made.interval == wilson(2, 4)


def test_pairs_are_counted_over_lines_that_were_checked_the_worst_first():
    made = figures("quality", SHOP)
    assert [(p.one, p.other, p.first_pass, p.checked, p.rate) for p in made.pairs] == [
        ("fit=slim", "font=sans", 0, 1, 0.0), ("fit=slim", "font=serif", 1, 2, 0.5),
    ]  # fmt: skip
    assert made.pairs[1].interval == wilson(1, 2)
    assert made.pairs_left_off == 0


def test_rework_escalations_defects_and_what_instructions_caused():
    made = figures("quality", SHOP)
    assert (made.reworked, made.escalated, made.reworked_by_instruction) == (2, 1, 1)
    assert [(d.defect, d.checks, d.pieces) for d in made.defects] == [("thread", 2, 4)]


def test_what_was_seldom_built_is_listed():
    more = shop(**{f"x{n}": (drafted("L1"), SLIM, SERIF, passed("C1")) for n in range(2)})
    made = figures("quality", SHOP + more)
    assert [(c.product, c.options, c.built) for c in made.rare] == [
        ("shirt", (), 1), ("shirt", ("fit=slim", "font=sans"), 1),
    ]  # fmt: skip


def test_options_are_those_that_stand_after_clearing_and_change_orders():
    def change(id, option, value):
        return e.ChangeOrderRequested(
            change_id=id, line_id="L1", option=option, value=value, **CHOICE
        )

    made = figures("quality", shop(
        a=(drafted("L1"), SLIM, SERIF, chosen("L1", "cuff", "french"),
           e.OptionCleared(line_id="L1", option="cuff", **CHOICE),
           change("X1", "font", "sans"), e.ChangeOrderApproved(change_id="X1"),
           change("X2", "fit", None), e.ChangeOrderRejected(change_id="X2"), passed("C1")),
    ))  # fmt: skip
    assert [c.options for c in made.rare] == [("fit=slim", "font=sans")]


def test_shares_of_instructions():
    made = figures("quality", shop(
        a=(wish("I1"), read("I1", "no-starch"), e.SpecialInstructionAccepted(instruction_id="I1")),
        b=(wish("I1"), read("I1"), e.SpecialInstructionDeclined(instruction_id="I1"), wish("I2")),
    )).instructions  # fmt: skip
    assert (made.given, made.not_understood, made.declined) == (3, 1, 1)
    assert (made.not_understood_share, made.declined_share) == (0.5, 1 / 3)


@given(st.lists(st.sampled_from(["pass", "fail", "rework"]), max_size=12))
def test_good_scrap_and_open_make_what_was_ordered(words):
    """Whatever is checked and reworked: good passed, scrap failed and was not reworked since."""
    order = evolve(Progress(), drafted("L1"), T0)
    good, bad = 0, []
    for n, word in enumerate(words):
        if word == "pass":
            order, good = evolve(order, passed(f"C{n}"), T0), good + 1
        elif word == "fail":
            order, bad = evolve(order, failed(f"C{n}"), T0), [*bad, f"C{n}"]
        elif bad:
            order = evolve(order, rework(bad.pop()), T0)
    [line] = order.lines
    assert (line.good, line.scrap, line.outstanding) == (
        good,
        2 * len(bad),
        1 - good - 2 * len(bad),
    )
