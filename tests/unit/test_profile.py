"""What is believed, from which source, and what becomes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.customer import events as c
from domain.order.events import OptionChosen, OptionCleared
from domain.personal import ERASED
from projections.beliefs import believed
from projections.profile import beliefs_with_values
from tests.unit.log import CHOICE, DAY, T0, figures, fold, said

ANN = "customer/ann"


def stated(value, attribute="milk", **more):
    return c.PreferenceStated(attribute=attribute, value=value, **CHOICE, **more)


def inferred(value, confidence, attribute="milk", because=(), previous=None, expires_at=None):
    return c.PreferenceInferred(
        attribute=attribute, value=value, confidence=confidence, model_version="m1",
        evidence=tuple(c.Evidence(event_id=x.event.id, weight=1.0) for x in because),
        previous=previous and previous.event.id, expires_at=expires_at,
        **{**CHOICE, "origin": "observed"},
    )  # fmt: skip


def appended(value, vendor="acme", attribute="milk"):
    return c.AttributeAppended(
        attribute=attribute, value=value, vendor=vendor, vendor_as_of=T0, licence="l",
        **{**CHOICE, "origin": "third_party"},
    )  # fmt: skip


def held(events, now=T0):
    """What is believed of ann, by attribute."""
    row = fold("profile", events)["ann"]
    best = believed(row.beliefs, now)
    return {
        b.attribute: value for b, value in beliefs_with_values(row) if best.get(b.attribute) is b
    }


SOURCES = [
    said(ANN, stated("oat")),
    said(ANN, inferred("soy", 0.9), T0 + DAY),
    said(ANN, appended("cow"), T0 + 2 * DAY),
    said(ANN, inferred("rice", 0.49), T0 + 3 * DAY),
]


@pytest.mark.parametrize(
    ("sources", "value"),
    [(SOURCES[:3], "oat"), (SOURCES[1:3], "soy"), (SOURCES[2:], "cow"), (SOURCES[3:], None)],
)
def test_the_customers_word_before_what_is_seen_before_what_vendors_say(sources, value):
    assert held(sources).get("milk") == value
    assert held(sources[::-1]).get("milk") == value


@given(st.permutations([said(ANN, stated(f"v{n}"), T0 + n * DAY) for n in range(4)]))
def test_the_newest_word_of_a_source_holds_however_late_it_is_recorded(events):
    assert held(events) == {"milk": "v3"}


def test_what_has_expired_is_believed_no_more_and_is_counted():
    events = [
        said(ANN, inferred("soy", 0.9, expires_at=T0 + DAY)), said(ANN, appended("cow"))
    ]  # fmt: skip
    assert held(events) == {"milk": "soy"}
    assert held(events, T0 + DAY) == {"milk": "cow"}
    assert figures("profile", events, T0 + DAY).expired == 1


def test_a_rejected_value_is_vetoed_whoever_says_it_again_but_the_customer():
    soy = said(ANN, inferred("soy", 0.9))
    no = said(ANN, c.PreferenceRejected(attribute="milk", inference_id=soy.event.id), T0 + DAY)
    again = said(ANN, inferred("soy", 0.95), T0 + 2 * DAY)
    assert held([soy, no]) == held([soy, no, again]) == {}
    assert figures("profile", [soy, no, again]).vetoed == 1
    assert held([soy, no, said(ANN, inferred("oat", 0.8), T0 + 2 * DAY)]) == {"milk": "oat"}
    assert held([soy, no, said(ANN, stated("soy"), T0 + 2 * DAY)]) == {"milk": "soy"}
    assert held([soy, no, said(ANN, stated("soy"), T0)]) == {}  # said before, told late


def test_a_rejection_may_name_a_value_or_none():
    cow = said(ANN, appended("cow"))
    assert held([cow, said(ANN, c.PreferenceRejected(attribute="milk", value="soy"))]) == {
        "milk": "cow"
    }
    assert held([cow, said(ANN, c.PreferenceRejected(attribute="milk", value="cow"))]) == {}
    assert held([cow, said(ANN, c.PreferenceRejected(attribute="milk"))]) == {}


def test_what_was_said_before_a_belief_and_is_told_late_leaves_it():
    oat = said(ANN, stated("oat"), T0 + DAY)
    for late in (c.PreferenceRejected(attribute="milk"), c.PreferenceRetracted(attribute="milk")):
        assert held([oat, said(ANN, late, T0)]) == {"milk": "oat"}
        assert held([oat, said(ANN, late, T0 + 2 * DAY)]) == {}


def test_what_cannot_be_read_any_more_is_folded_all_the_same():
    gone = [
        said(ANN, stated(ERASED)), said(ANN, appended(ERASED)),
        said(ANN, c.PreferenceRejected(attribute="milk", value=ERASED)),
        said(ANN, c.PreferenceRetracted(attribute="other")),
    ]  # fmt: skip
    row = fold("profile", gone)["ann"]
    assert (row.values, row.vetoed, len(row.beliefs)) == (ERASED, ERASED, 2)
    assert held(gone) == {}


def test_settings_measurements_and_answers_are_beliefs_and_services_are_active_or_not():
    setting = {"path": "theme", **CHOICE}
    events = [
        said(ANN, c.SettingChanged(new="dark", **setting)),
        said(ANN, c.MeasurementSubmitted(measurement_id="m", name="waist", mm=812.5, **CHOICE)),
        said(ANN, c.IntakeAnswered(intake_id="i", question_id="hair", answer="dry", **CHOICE)),
        said(ANN, stated("coriander", "herb", polarity="dislikes")),
        said(ANN, c.ServiceOptionActivated(option="hbo", **CHOICE)),
        said(ANN, c.ServiceOptionActivated(option="news", **CHOICE)),
        said(ANN, c.ServiceOptionDeactivated(option="news")),
    ]
    assert held(events) == {
        "theme": "dark", "waist": "812.5 mm", "hair": "dry", "herb": "not coriander"
    }  # fmt: skip
    assert [s.option for s in fold("profile", events)["ann"].services] == ["hbo"]
    events.append(said(ANN, c.SettingChanged(new=None, **setting), T0 + DAY))
    assert "theme" not in held(events)


def test_calibration_is_the_brier_score_of_what_customers_confirm_and_reject():
    """((0.9 - 1)² + (0.6 - 0)²) / 2"""
    right = said(ANN, inferred("soy", 0.9))
    wrong = said(ANN, inferred("dark", 0.6, "theme"))
    yes = c.PreferenceConfirmed(attribute="milk", inference_id=right.event.id)
    no = c.PreferenceRejected(attribute="theme", inference_id=wrong.event.id)
    made = figures("profile", [right, wrong, said(ANN, yes), said(ANN, no), said(ANN, yes)])
    assert made.judged == 2
    assert made.brier_score == pytest.approx((0.01 + 0.36) / 2)
    assert figures("profile", [right]).brier_score is None


def test_shares_conflicts_and_overrides():
    bob = said("customer/bob", inferred("soy", 0.9))
    applied = c.PersonalizationApplied(setting="seat", choice_space="closed", stage="in_use")
    events = [
        *SOURCES, bob,
        *(said(ANN, applied) for _ in range(4)),
        said(ANN, c.PersonalizationOverridden(setting="seat")),
        *(said(ANN, c.PreferenceConflictDetected(
            attribute="milk", events=(SOURCES[0].event.id, SOURCES[1].event.id)))
          for _ in range(2)),
    ]  # fmt: skip
    made = figures("profile", events)
    assert (made.customers, made.believed, made.direct_share) == (2, 2, 0.5)
    assert made.by_origin == {"direct": 1, "observed": 1}
    assert (made.applied, made.overridden, made.override_rate) == (4, 1, 0.25)
    assert (made.conflicts, made.weak) == (1, 1)


def test_what_falls_if_a_vendor_leaves_through_inferences_upon_inferences():
    acme = said(ANN, appended("town", attribute="home"))
    first = said(ANN, inferred("tram", 0.9, "travel", because=[acme]))
    later = said(ANN, inferred("tram", 0.8, "travel", previous=first), T0 + DAY)
    upon = said(ANN, inferred("small", 0.7, "bag", because=[later]))
    other = said(ANN, appended("large", "other", "bag"))
    own = said(ANN, stated("village", "home"))
    made = {v.vendor: v for v in figures("profile", [acme, first, later, upon, other]).vendors}
    assert (made["acme"].values, made["acme"].inferences) == (1, 2)
    assert (made["acme"].lost, made["acme"].replaced, made["acme"].customers) == (2, 1, 1)
    assert (made["other"].lost, made["other"].replaced) == (0, 0)  # nothing rested on it
    [acme] = figures("profile", [acme, own]).vendors
    assert (acme.values, acme.lost) == (1, 0)


def test_measurements_and_what_was_made_by_which():
    def taken(id, name, mm):
        return c.MeasurementSubmitted(measurement_id=id, name=name, mm=mm, **CHOICE)

    def chosen(order, *measurements):
        choice = OptionChosen(
            line_id="L1", option="fit", value="custom", measurements=measurements, **CHOICE
        )
        return said(f"order/{order}", choice, customer="ann")

    story = [
        said(ANN, taken("M1", "waist", 812.0)), said(ANN, taken("M2", "inseam", 790.0)),
        chosen("1", "M1"), chosen("1", "M1", "M2"), chosen("2", "M2"), chosen("3"),
        said("order/2", OptionCleared(line_id="L1", option="fit", **CHOICE), customer="ann"),
        said(ANN, taken("M1", "waist", 815.0)),
    ]  # fmt: skip
    row = fold("profile", story)["ann"]
    assert [(m.measurement_id, m.name) for m in row.measurements] == [
        ("M2", "inseam"), ("M1", "waist"),
    ]  # fmt: skip
    assert [(u.order_id, u.option, u.measurements) for u in row.uses] == [
        ("1", "fit", ("M1", "M2"))
    ]
