"""Beliefs about customers: which source wins, what ends one, and the figures of profile."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.customer import events as c
from domain.order.events import OptionChosen, OptionCleared
from domain.personal import ERASED
from projections.beliefs import believed
from projections.profile import beliefs_with_values
from tests.unit.log import CHOICE, DAY, T0, figures, fold, recorded

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


def of_ann(events, now=T0):
    """The values that are believed of ann, by attribute."""
    row = fold("profile", events)["ann"]
    best = believed(row.beliefs, now)
    return {
        b.attribute: value for b, value in beliefs_with_values(row) if best.get(b.attribute) is b
    }


SOURCES = [
    recorded(ANN, stated("oat")),
    recorded(ANN, inferred("soy", 0.9), T0 + DAY),
    recorded(ANN, appended("cow"), T0 + 2 * DAY),
    recorded(ANN, inferred("rice", 0.49), T0 + 3 * DAY),
]


@pytest.mark.parametrize(
    ("sources", "value"),
    [(SOURCES[:3], "oat"), (SOURCES[1:3], "soy"), (SOURCES[2:], "cow"), (SOURCES[3:], None)],
)
def test_a_statement_wins_over_an_inference_and_an_inference_over_a_vendor(sources, value):
    assert of_ann(sources).get("milk") == value
    assert of_ann(sources[::-1]).get("milk") == value


@given(st.permutations([recorded(ANN, stated(f"v{n}"), T0 + n * DAY) for n in range(4)]))
def test_the_newest_value_of_a_source_wins_in_any_order_of_recording(events):
    assert of_ann(events) == {"milk": "v3"}


def test_an_expired_belief_is_not_believed_and_is_counted():
    events = [
        recorded(ANN, inferred("soy", 0.9, expires_at=T0 + DAY)), recorded(ANN, appended("cow"))
    ]  # fmt: skip
    assert of_ann(events) == {"milk": "soy"}
    assert of_ann(events, T0 + DAY) == {"milk": "cow"}
    assert figures("profile", events, T0 + DAY).expired == 1


def test_a_rejected_value_is_vetoed_until_the_customer_states_it():
    soy = recorded(ANN, inferred("soy", 0.9))
    no = recorded(ANN, c.PreferenceRejected(attribute="milk", inference_id=soy.event.id), T0 + DAY)
    again = recorded(ANN, inferred("soy", 0.95), T0 + 2 * DAY)
    assert of_ann([soy, no]) == of_ann([soy, no, again]) == {}
    assert figures("profile", [soy, no, again]).vetoed == 1
    assert of_ann([soy, no, recorded(ANN, inferred("oat", 0.8), T0 + 2 * DAY)]) == {"milk": "oat"}
    assert of_ann([soy, no, recorded(ANN, stated("soy"), T0 + 2 * DAY)]) == {"milk": "soy"}
    stated_before = recorded(ANN, stated("soy"), T0)  # and recorded after the rejection
    assert of_ann([soy, no, stated_before]) == {}


def test_a_rejection_may_name_a_value_or_none():
    cow = recorded(ANN, appended("cow"))
    assert of_ann([cow, recorded(ANN, c.PreferenceRejected(attribute="milk", value="soy"))]) == {
        "milk": "cow"
    }
    assert of_ann([cow, recorded(ANN, c.PreferenceRejected(attribute="milk", value="cow"))]) == {}
    assert of_ann([cow, recorded(ANN, c.PreferenceRejected(attribute="milk"))]) == {}


def test_a_rejection_that_is_older_than_a_belief_leaves_it():
    oat = recorded(ANN, stated("oat"), T0 + DAY)
    for late in (c.PreferenceRejected(attribute="milk"), c.PreferenceRetracted(attribute="milk")):
        assert of_ann([oat, recorded(ANN, late, T0)]) == {"milk": "oat"}
        assert of_ann([oat, recorded(ANN, late, T0 + 2 * DAY)]) == {}


def test_erased_values_are_folded_without_an_error():
    erased = [
        recorded(ANN, stated(ERASED)), recorded(ANN, appended(ERASED)),
        recorded(ANN, c.PreferenceRejected(attribute="milk", value=ERASED)),
        recorded(ANN, c.PreferenceRetracted(attribute="other")),
    ]  # fmt: skip
    row = fold("profile", erased)["ann"]
    assert (row.values, row.vetoed, len(row.beliefs)) == (ERASED, ERASED, 2)
    assert of_ann(erased) == {}


def test_settings_measurements_and_answers_are_beliefs_and_services_are_active_or_not():
    setting = {"path": "theme", **CHOICE}
    events = [
        recorded(ANN, c.SettingChanged(new="dark", **setting)),
        recorded(ANN, c.MeasurementSubmitted(measurement_id="m", name="waist", mm=812.5, **CHOICE)),
        recorded(ANN, c.IntakeAnswered(intake_id="i", question_id="hair", answer="dry", **CHOICE)),
        recorded(ANN, stated("coriander", "herb", polarity="dislikes")),
        recorded(ANN, c.ServiceOptionActivated(option="hbo", **CHOICE)),
        recorded(ANN, c.ServiceOptionActivated(option="news", **CHOICE)),
        recorded(ANN, c.ServiceOptionDeactivated(option="news")),
    ]
    assert of_ann(events) == {
        "theme": "dark", "waist": "812.5 mm", "hair": "dry", "herb": "not coriander"
    }  # fmt: skip
    assert [s.option for s in fold("profile", events)["ann"].services] == ["hbo"]
    events.append(recorded(ANN, c.SettingChanged(new=None, **setting), T0 + DAY))
    assert "theme" not in of_ann(events)


def test_calibration_is_the_brier_score_of_confirmed_and_rejected_inferences():
    """((0.9 - 1)² + (0.6 - 0)²) / 2"""
    right = recorded(ANN, inferred("soy", 0.9))
    wrong = recorded(ANN, inferred("dark", 0.6, "theme"))
    yes = c.PreferenceConfirmed(attribute="milk", inference_id=right.event.id)
    no = c.PreferenceRejected(attribute="theme", inference_id=wrong.event.id)
    profile = figures(
        "profile", [right, wrong, recorded(ANN, yes), recorded(ANN, no), recorded(ANN, yes)]
    )
    assert profile.judged == 2
    assert profile.brier_score == pytest.approx((0.01 + 0.36) / 2)
    assert figures("profile", [right]).brier_score is None


def test_shares_conflicts_and_overrides():
    bob = recorded("customer/bob", inferred("soy", 0.9))
    applied = c.PersonalizationApplied(setting="seat", choice_space="closed", stage="in_use")
    events = [
        *SOURCES, bob,
        *(recorded(ANN, applied) for _ in range(4)),
        recorded(ANN, c.PersonalizationOverridden(setting="seat")),
        *(recorded(ANN, c.PreferenceConflictDetected(
            attribute="milk", events=(SOURCES[0].event.id, SOURCES[1].event.id)))
          for _ in range(2)),
    ]  # fmt: skip
    profile = figures("profile", events)
    assert (profile.customers, profile.believed, profile.direct_share) == (2, 2, 0.5)
    assert profile.by_origin == {"direct": 1, "observed": 1}
    assert (profile.applied, profile.overridden, profile.override_rate) == (4, 1, 0.25)
    assert (profile.conflicts, profile.weak) == (1, 1)


def test_losing_a_vendor_ends_the_inferences_that_rest_on_it():
    acme = recorded(ANN, appended("town", attribute="home"))
    first = recorded(ANN, inferred("tram", 0.9, "travel", because=[acme]))
    later = recorded(ANN, inferred("tram", 0.8, "travel", previous=first), T0 + DAY)
    upon = recorded(ANN, inferred("small", 0.7, "bag", because=[later]))
    other = recorded(ANN, appended("large", "other", "bag"))
    own = recorded(ANN, stated("village", "home"))
    vendors = {v.vendor: v for v in figures("profile", [acme, first, later, upon, other]).vendors}
    assert (vendors["acme"].values, vendors["acme"].inferences) == (1, 2)
    assert (vendors["acme"].lost, vendors["acme"].replaced, vendors["acme"].customers) == (2, 1, 1)
    assert (vendors["other"].lost, vendors["other"].replaced) == (0, 0)  # no inference rests on it
    [acme] = figures("profile", [acme, own]).vendors
    assert (acme.values, acme.lost) == (1, 0)


def test_measurements_and_the_orders_that_used_them():
    def taken(id, name, mm):
        return c.MeasurementSubmitted(measurement_id=id, name=name, mm=mm, **CHOICE)

    def chosen(order, *measurements):
        choice = OptionChosen(
            line_id="L1", option="fit", value="custom", measurements=measurements, **CHOICE
        )
        return recorded(f"order/{order}", choice, customer="ann")

    events = [
        recorded(ANN, taken("M1", "waist", 812.0)), recorded(ANN, taken("M2", "inseam", 790.0)),
        chosen("1", "M1"), chosen("1", "M1", "M2"), chosen("2", "M2"), chosen("3"),
        recorded("order/2", OptionCleared(line_id="L1", option="fit", **CHOICE), customer="ann"),
        recorded(ANN, taken("M1", "waist", 815.0)),
    ]  # fmt: skip
    row = fold("profile", events)["ann"]
    assert [(m.measurement_id, m.name) for m in row.measurements] == [
        ("M2", "inseam"), ("M1", "waist"),
    ]  # fmt: skip
    assert [(u.order_id, u.option, u.measurements) for u in row.uses] == [
        ("1", "fit", ("M1", "M2"))
    ]
