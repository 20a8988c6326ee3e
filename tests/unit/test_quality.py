"""The figures of quality, against counts by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.book.book import OrderLine
from domain.order import events as e
from domain.order import reports as r
from domain.order.evolve import evolve
from domain.order.progress import Progress
from projections.figures.measures import wilson
from tests.unit.log import CHOICE, T0, figures, recorded


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


def instruct(id):
    return e.SpecialInstructionGiven(instruction_id=id, text="please", **CHOICE)


def interpret(id, *operations):
    return e.SpecialInstructionInterpreted(
        instruction_id=id, operations=operations, confidence=0.5, by="clerk"
    )


def shop(**orders):
    return [recorded(f"order/{order}", data) for order, events in orders.items() for data in events]


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


def test_a_line_with_any_failed_check_is_no_first_pass():
    quality = figures("quality", SHOP).first_pass_yield
    assert (quality.first_pass, quality.checked, quality.rate) == (2, 4, 0.5)
    assert quality.interval == wilson(2, 4)


def test_pairs_of_options_are_counted_over_checked_lines_the_worst_first():
    quality = figures("quality", SHOP)
    assert [(p.one, p.other, p.first_pass, p.checked, p.rate) for p in quality.pairs] == [
        ("fit=slim", "font=sans", 0, 1, 0.0), ("fit=slim", "font=serif", 1, 2, 0.5),
    ]  # fmt: skip
    assert quality.pairs[1].interval == wilson(1, 2)
    assert quality.pairs_left_off == 0


def test_rework_escalations_and_defects_are_counted():
    quality = figures("quality", SHOP)
    assert (quality.reworked, quality.escalated, quality.reworked_by_instruction) == (2, 1, 1)
    assert [(d.defect, d.checks, d.pieces) for d in quality.defects] == [("thread", 2, 4)]


def test_configurations_that_are_seldom_built_are_listed():
    more = shop(**{f"x{n}": (drafted("L1"), SLIM, SERIF, passed("C1")) for n in range(2)})
    quality = figures("quality", SHOP + more)
    assert [(c.product, c.options, c.built) for c in quality.rare] == [
        ("shirt", (), 1), ("shirt", ("fit=slim", "font=sans"), 1),
    ]  # fmt: skip


def test_options_are_those_that_remain_after_clearing_and_change_orders():
    def change(id, option, value):
        return e.ChangeOrderRequested(
            change_id=id, line_id="L1", option=option, value=value, **CHOICE
        )

    quality = figures("quality", shop(
        a=(drafted("L1"), SLIM, SERIF, chosen("L1", "cuff", "french"),
           e.OptionCleared(line_id="L1", option="cuff", **CHOICE),
           change("X1", "font", "sans"), e.ChangeOrderApproved(change_id="X1"),
           change("X2", "fit", None), e.ChangeOrderRejected(change_id="X2"), passed("C1")),
    ))  # fmt: skip
    assert [c.options for c in quality.rare] == [("fit=slim", "font=sans")]


def test_shares_of_instructions_that_are_declined_or_not_understood():
    quality = figures("quality", shop(
        a=(instruct("I1"), interpret("I1", "no-starch"),
           e.SpecialInstructionAccepted(instruction_id="I1")),
        b=(instruct("I1"), interpret("I1"), e.SpecialInstructionDeclined(instruction_id="I1"),
           instruct("I2")),
    ))  # fmt: skip
    shares = quality.instructions
    assert (shares.given, shares.not_understood, shares.declined) == (3, 1, 1)
    assert (shares.not_understood_share, shares.declined_share) == (0.5, 1 / 3)


@given(st.lists(st.sampled_from(["pass", "fail", "rework"]), max_size=12))
def test_good_scrap_and_outstanding_pieces_add_up_to_the_ordered_ones(words):
    """After any checks and rework: good passed, scrap failed and was not reworked."""
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
