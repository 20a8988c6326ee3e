"""The events of customers. Their wire names and fields are the storage format: never rename one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from domain.event import Choice, Data, Kind, event, strict
from domain.personal import Erased, Personal, Plain, Pseudonym
from domain.values import Name, Origin, Purpose, Seconds, Share, Target, Text, Time

Millimetres = Annotated[float, Field(gt=0, le=100_000)]
ContentKind = Plain[Name]
Weight = Annotated[float, Field(ge=-1e6, le=1e6)]


# What customers say, what is observed of them, and what vendors add.


@event("customer.preference-stated.v1", Kind.FACT, needs="personalize")
@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceStated(Choice):
    """The customer said that they like, or dislike, a value of an attribute: `milk` is `oat`."""

    attribute: Plain[Name]
    value: Personal[Text]
    polarity: Plain[Literal["likes", "dislikes"]] = "likes"


@event("customer.behaviour-observed.v1", Kind.FACT, needs="personalize")
@dataclass(frozen=True, slots=True, kw_only=True)
class BehaviourObserved(Data):
    """The customer was seen to do something with an item.

    `kind` is a code, such as `viewed`, and `duration_s` how many seconds it lasted.
    """

    kind: Plain[Name]
    item: Plain[Name]
    duration_s: Plain[Seconds | None] = None


@event("customer.attribute-appended.v1", Kind.FACT, needs="append_third_party")
@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeAppended(Choice):
    """A vendor told us something about the customer: `value` of `attribute`.

    `vendor_as_of` is when it was so by the vendor's records, `licence` the terms of its use.
    """

    attribute: Plain[Name]
    value: Personal[Text]
    vendor: Plain[Name]
    vendor_as_of: Plain[Time]
    licence: Plain[Name]
    origin: Plain[Literal["third_party"]] = "third_party"


# What is inferred, and how customers answer.


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """An event that an inference rests on. A negative weight speaks against it."""

    event_id: Plain[UUID]
    weight: Plain[Weight]


@event("customer.preference-inferred.v1", Kind.FACT, needs="personalize")
@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceInferred(Choice):
    """A model concluded what the customer prefers, until `expires_at` if that is set.

    `confidence` is from 0 to 1. `previous` is the inference that this one replaces, and `evidence`
    the difference from that one's.
    """

    attribute: Plain[Name]
    value: Personal[Text]
    confidence: Plain[Share]
    evidence: Plain[tuple[Evidence, ...]]
    model_version: Plain[Name]
    previous: Plain[UUID | None] = None
    expires_at: Plain[Time | None] = None
    origin: Plain[Literal["observed", "third_party"]] = "observed"


@event("customer.preference-confirmed.v1", Kind.FACT, needs="personalize")
@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceConfirmed(Data):
    """The customer said that an inference is right."""

    attribute: Plain[Name]
    inference_id: Plain[UUID]


@event("customer.preference-rejected.v1", Kind.FACT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceRejected(Data):
    """The customer said that an inference, or a value of an attribute, is wrong.

    `inference_id` names the inference, if they answered one; `value` is the rejected value.
    """

    attribute: Plain[Name]
    inference_id: Plain[UUID | None] = None
    value: Personal[Text | None] = None


@event("customer.preference-retracted.v1", Kind.FACT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceRetracted(Data):
    """The customer took back all that they had said about an attribute."""

    attribute: Plain[Name]


@event("customer.preference-conflict-detected.v1", Kind.FACT, needs="personalize")
@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceConflictDetected(Data):
    """Two or more events contradict each other about an attribute."""

    attribute: Plain[Name]
    events: Plain[Annotated[tuple[UUID, ...], Field(min_length=2)]]


# What customers tell us so that we can make what they want.


@event("customer.measurement-submitted.v2", Kind.FACT, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementSubmitted(Choice):
    """The customer gave a measurement of their body, or of what the product has to fit.

    `name` is what was measured, such as `waist`, and `mm` its length in millimetres. Orders refer
    to the `measurement_id`; the same id again replaces the measurement.
    """

    measurement_id: Plain[Name]
    name: Plain[Name]
    mm: Personal[Millimetres]


def _in_millimetres(old: MeasurementSubmittedV1) -> MeasurementSubmitted:
    return MeasurementSubmitted(
        measurement_id=old.measurement_id,
        name=old.name,
        mm=old.cm if isinstance(old.cm, Erased) else round(old.cm * 10, 3) or old.cm * 10,
        origin=old.origin,
        choice_space=old.choice_space,
        target=old.target,
        stage=old.stage,
        collaboration=old.collaboration,
        effort_s=old.effort_s,
    )


@event("customer.measurement-submitted.v1", Kind.FACT, needs="fulfil", upcast=_in_millimetres)
@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementSubmittedV1(Choice):
    """A measurement in centimetres, as releases before version 2 recorded it.

    Whole centimetres were too coarse for tailors; it is read in millimetres.
    """

    measurement_id: Plain[Name]
    name: Plain[Name]
    cm: Personal[Annotated[float, Field(gt=0, le=10_000)]]


@event("customer.intake-started.v1", Kind.FACT, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeStarted(Data):
    """The customer began a questionnaire, whose questions are named in their order."""

    intake_id: Plain[Name]
    questions: Plain[tuple[Name, ...]] = ()


@event("customer.intake-answered.v1", Kind.FACT, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeAnswered(Choice):
    """The customer answered a question of a questionnaire.

    `prefilled_from` is the event that the answer was taken from, so that the customer had only to
    confirm it.
    """

    intake_id: Plain[Name]
    question_id: Plain[Name]
    answer: Personal[Text]
    prefilled_from: Plain[UUID | None] = None


@event("customer.intake-skipped.v1", Kind.FACT, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeSkipped(Data):
    """The customer left a question of a questionnaire unanswered."""

    intake_id: Plain[Name]
    question_id: Plain[Name]


@event("customer.intake-abandoned.v1", Kind.FACT, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeAbandoned(Data):
    """The customer stopped in the middle of a questionnaire.

    `last_question_id` is the last question that they answered or skipped, if they got so far.
    """

    intake_id: Plain[Name]
    last_question_id: Plain[Name | None] = None


# How customers change the product and the service while they use them.


@event("customer.setting-changed.v1", Kind.FACT, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChanged(Choice):
    """The customer changed a setting of the product that they use; None: it was or is not set."""

    path: Plain[Name]
    old: Personal[Text | None] = None
    new: Personal[Text | None]


@event("customer.service-option-activated.v1", Kind.FACT, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOptionActivated(Choice):
    """The customer turned on an option of a service."""

    option: Plain[Name]


@event("customer.service-option-deactivated.v1", Kind.FACT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOptionDeactivated(Data):
    """The customer turned off an option of a service."""

    option: Plain[Name]


@event("customer.content-contributed.v1", Kind.FACT, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class ContentContributed(Choice):
    """The customer added something of their own: a design, a playlist, a review.

    `kind` is a code. `portable` is the share of the work, 0 to 1, that they could take elsewhere.
    """

    kind: ContentKind
    item_id: Pseudonym[Name]
    portable: Plain[Share]
    content: Personal[Text | None] = None


@event("customer.content-reused.v1", Kind.FACT, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class ContentReused(Data):
    """The customer used again what they had contributed."""

    kind: ContentKind
    item_id: Pseudonym[Name]


@event("customer.content-removed.v1", Kind.FACT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class ContentRemoved(Data):
    """The customer removed what they had contributed."""

    kind: ContentKind
    item_id: Pseudonym[Name]


# How customers are treated.


@event("customer.personalization-applied.v1", Kind.FACT, needs="personalize")
@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalizationApplied(Choice):
    """We adapted a setting to the customer without being asked, because of an inference.

    `actions_saved` is how many steps this spared them.
    """

    inference_id: Plain[UUID | None] = None
    setting: Plain[Name]
    actions_saved: Plain[Annotated[int, Field(ge=0, le=100_000)]] = 0
    origin: Plain[Origin] = "observed"
    target: Plain[Target] = "experience"


@event("customer.personalization-overridden.v1", Kind.FACT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalizationOverridden(Data):
    """The customer undid what was adapted to them."""

    inference_id: Plain[UUID | None] = None
    setting: Plain[Name]


@event("customer.principal-recognised.v1", Kind.FACT, needs="personalize")
@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalRecognised(Data):
    """We took the person who uses a shared device for this customer, with a probability of 0 to 1.

    `device` is the id of the device.
    """

    device: Pseudonym[Name]
    probability: Plain[Share]


@event("customer.principal-corrected.v1", Kind.FACT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalCorrected(Data):
    """The person who uses a device said that they are not whom we recognised."""

    device: Pseudonym[Name]
    recognition_id: Plain[UUID]


@event("customer.experiment-assigned.v1", Kind.FACT, needs="analyse")
@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentAssigned(Data):
    """The customer was assigned to an arm of an experiment."""

    experiment: Plain[Name]
    arm: Plain[Name]


# What customers allow: decisions on their own stream.


@event("customer.consent-granted.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentGranted(Data):
    """The customer allowed the use of their data for some purposes, under a policy."""

    purposes: Plain[Annotated[tuple[Purpose, ...], Field(min_length=1)]]
    policy_version: Plain[Name]


@event("customer.consent-withdrawn.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentWithdrawn(Data):
    """The customer withdrew the consent to some purposes."""

    purposes: Plain[Annotated[tuple[Purpose, ...], Field(min_length=1)]]
    policy_version: Plain[Name]


CustomerEvent = ConsentGranted | ConsentWithdrawn
