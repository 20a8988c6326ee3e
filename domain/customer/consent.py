"""Purposes, and which of them an event needs. Nothing is presumed.

What the customer demands for themselves (a rejection, a retraction, a withdrawal) needs no
purpose: it could not be refused. Nor do reports: they say what has happened already.
"""

from __future__ import annotations

import functools
from typing import Literal, get_args

Purpose = Literal["fulfil", "personalize", "analyse", "append_third_party"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)

NEEDS: dict[str, Purpose | None] = {
    "customer.preference-stated": "personalize",
    "customer.behaviour-observed": "personalize",
    "customer.attribute-appended": "append_third_party",
    "customer.preference-inferred": "personalize",
    "customer.preference-confirmed": "personalize",
    "customer.preference-rejected": None,
    "customer.preference-retracted": None,
    "customer.preference-conflict-detected": "personalize",
    "customer.measurement-submitted": "fulfil",
    "customer.intake-started": "fulfil",
    "customer.intake-answered": "fulfil",
    "customer.intake-skipped": "fulfil",
    "customer.intake-abandoned": "fulfil",
    "customer.setting-changed": "fulfil",
    "customer.service-option-activated": "fulfil",
    "customer.service-option-deactivated": None,
    "customer.content-contributed": "fulfil",
    "customer.content-reused": "fulfil",
    "customer.content-removed": None,
    "customer.personalization-applied": "personalize",
    "customer.personalization-overridden": None,
    "customer.principal-recognised": "personalize",
    "customer.principal-corrected": None,
    "customer.experiment-assigned": "analyse",
    "customer.consent-granted": None,
    "customer.consent-withdrawn": None,
    "order.order-drafted": "fulfil",
    "order.option-chosen": "fulfil",
    "order.option-cleared": "fulfil",
    "order.special-instruction-given": "fulfil",
    "order.special-instruction-interpreted": "fulfil",
    "order.special-instruction-accepted": "fulfil",
    "order.quote-issued": "fulfil",
    "order.order-placed": "fulfil",
    "order.promise-made": "fulfil",
    "order.promise-revised": "fulfil",
    "order.change-order-requested": "fulfil",
    "order.change-order-approved": "fulfil",
    "order.order-queued": "fulfil",
    "order.rework-ordered": "fulfil",
    "order.special-instruction-declined": None,
    "order.quote-expired": None,
    "order.promise-kept": None,
    "order.promise-missed": None,
    "order.change-order-rejected": None,
    "order.operations-paused": None,
    "order.operations-resumed": None,
    "order.rework-escalated": None,
    "order.order-cancelled": None,
    "order.return-requested": None,
    "order.refund-issued": None,
    "order.order-adopted": None,
    "order.order-line-adopted": None,
    "order.order-adjusted": None,
    "order.payment-recorded": None,
    "order.operation-queued": None,
    "order.operation-started": None,
    "order.operation-completed": None,
    "order.quality-check-passed": None,
    "order.quality-check-failed": None,
    "order.packaging-started": None,
    "order.order-packaged": None,
    "order.order-shipped": None,
    "order.order-delivered": None,
    "order.customization-applied-in-use": None,
    "order.return-received": None,
    "order.return-reported": None,
    "design.configuration-started": "fulfil",
    "design.option-chosen": "fulfil",
    "design.option-cleared": "fulfil",
    "design.configuration-validated": "fulfil",
    "catalogue.book-drafted": None,
    "catalogue.options-drafted": None,
    "catalogue.inputs-drafted": None,
    "catalogue.constraints-drafted": None,
    "catalogue.prices-drafted": None,
    "catalogue.phrases-drafted": None,
    "catalogue.book-approved": None,
    "catalogue.book-published": None,
    "catalogue.option-withdrawn": None,
    "view.event-dropped": None,
}
"""By wire name without its version: what an event means does not change with its version."""


@functools.cache
def purpose_of(wire_name: str) -> Purpose | None:
    """The purpose an event needs. KeyError: the table forgot a type (a test finds it)."""
    return NEEDS[wire_name.rpartition(".v")[0]]
