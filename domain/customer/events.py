"""What is said about a customer. The wire names and fields below are the storage format."""

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


# What the customer says, and what is seen or bought about them.


@event("customer.preference-stated.v1", Kind.FACT, needs="personalize")
@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceStated(Choice):
    attribute: Plain[Name]
    value: Personal[Text]
    polarity: Plain[Literal["likes", "dislikes"]] = "likes"


@event("customer.behaviour-observed.v1", Kind.FACT, needs="personalize")
@dataclass(frozen=True, slots=True, kw_only=True)
class BehaviourObserved(Data):
    kind: Plain[Name]
    item: Plain[Name]
    duration_s: Plain[Seconds | None] = None


@event("customer.attribute-appended.v1", Kind.FACT, needs="append_third_party")
@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeAppended(Choice):
    attribute: Plain[Name]
    value: Personal[Text]
    vendor: Plain[Name]
    vendor_as_of: Plain[Time]
    licence: Plain[Name]
    origin: Plain[Literal["third_party"]] = "third_party"


# What is inferred, and what becomes of it.


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    event_id: Plain[UUID]
    weight: Plain[Weight]


@event("customer.preference-inferred.v1", Kind.FACT, needs="personalize")
@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceInferred(Choice):
    """`evidence` is the difference to `previous`, the inference that this one replaces."""

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
    attribute: Plain[Name]
    inference_id: Plain[UUID]


@event("customer.preference-rejected.v1", Kind.FACT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceRejected(Data):
    attribute: Plain[Name]
    inference_id: Plain[UUID | None] = None
    value: Personal[Text | None] = None


@event("customer.preference-retracted.v1", Kind.FACT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceRetracted(Data):
    attribute: Plain[Name]


@event("customer.preference-conflict-detected.v1", Kind.FACT, needs="personalize")
@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceConflictDetected(Data):
    attribute: Plain[Name]
    events: Plain[Annotated[tuple[UUID, ...], Field(min_length=2)]]


# What the customer gives us to work with.


@event("customer.measurement-submitted.v2", Kind.FACT, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementSubmitted(Choice):
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
    """In centimetres, which did not say a tailor's half millimetre."""

    measurement_id: Plain[Name]
    name: Plain[Name]
    cm: Personal[Annotated[float, Field(gt=0, le=10_000)]]


@event("customer.intake-started.v1", Kind.FACT, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeStarted(Data):
    intake_id: Plain[Name]
    questions: Plain[tuple[Name, ...]] = ()


@event("customer.intake-answered.v1", Kind.FACT, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeAnswered(Choice):
    """`prefilled_from` names the event whose input spared the customer this question."""

    intake_id: Plain[Name]
    question_id: Plain[Name]
    answer: Personal[Text]
    prefilled_from: Plain[UUID | None] = None


@event("customer.intake-skipped.v1", Kind.FACT, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeSkipped(Data):
    intake_id: Plain[Name]
    question_id: Plain[Name]


@event("customer.intake-abandoned.v1", Kind.FACT, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeAbandoned(Data):
    intake_id: Plain[Name]
    last_question_id: Plain[Name | None] = None


# How the customer shapes what they use.


@event("customer.setting-changed.v1", Kind.FACT, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChanged(Choice):
    path: Plain[Name]
    old: Personal[Text | None] = None
    new: Personal[Text | None]


@event("customer.service-option-activated.v1", Kind.FACT, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOptionActivated(Choice):
    option: Plain[Name]


@event("customer.service-option-deactivated.v1", Kind.FACT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOptionDeactivated(Data):
    option: Plain[Name]


@event("customer.content-contributed.v1", Kind.FACT, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class ContentContributed(Choice):
    """`portable` is the share of the work that the customer could take elsewhere."""

    kind: ContentKind
    item_id: Pseudonym[Name]
    portable: Plain[Share]
    content: Personal[Text | None] = None


@event("customer.content-reused.v1", Kind.FACT, needs="fulfil")
@dataclass(frozen=True, slots=True, kw_only=True)
class ContentReused(Data):
    kind: ContentKind
    item_id: Pseudonym[Name]


@event("customer.content-removed.v1", Kind.FACT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class ContentRemoved(Data):
    kind: ContentKind
    item_id: Pseudonym[Name]


# How the customer is treated.


@event("customer.personalization-applied.v1", Kind.FACT, needs="personalize")
@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalizationApplied(Choice):
    inference_id: Plain[UUID | None] = None
    setting: Plain[Name]
    actions_saved: Plain[Annotated[int, Field(ge=0, le=100_000)]] = 0
    origin: Plain[Origin] = "observed"
    target: Plain[Target] = "experience"


@event("customer.personalization-overridden.v1", Kind.FACT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalizationOverridden(Data):
    inference_id: Plain[UUID | None] = None
    setting: Plain[Name]


@event("customer.principal-recognised.v1", Kind.FACT, needs="personalize")
@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalRecognised(Data):
    device: Pseudonym[Name]
    probability: Plain[Share]


@event("customer.principal-corrected.v1", Kind.FACT, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalCorrected(Data):
    device: Pseudonym[Name]
    recognition_id: Plain[UUID]


@event("customer.experiment-assigned.v1", Kind.FACT, needs="analyse")
@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentAssigned(Data):
    experiment: Plain[Name]
    arm: Plain[Name]


# What the customer allows: decisions on the customer's own stream.


@event("customer.consent-granted.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentGranted(Data):
    purposes: Plain[Annotated[tuple[Purpose, ...], Field(min_length=1)]]
    policy_version: Plain[Name]


@event("customer.consent-withdrawn.v1", Kind.DECISION, needs=None)
@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentWithdrawn(Data):
    purposes: Plain[Annotated[tuple[Purpose, ...], Field(min_length=1)]]
    policy_version: Plain[Name]


CustomerEvent = ConsentGranted | ConsentWithdrawn
