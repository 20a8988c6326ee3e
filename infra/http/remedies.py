"""The requests that correct the causes of refusals, by their codes."""

from __future__ import annotations

from collections.abc import Mapping

from domain.errors import CodedError
from infra.errors import with_remedy

_QUOTE = "Send POST /v1/orders/{order}/quote"
_RESTORE = "Send the request again when the operator has run `ordermade restore`"

REMEDIES: Mapping[str, str] = {
    "consent-missing": (
        "Send POST /v1/customers/{customer}/grant-consent, or name the basis as POST "
        "/v1/events?basis={purposes}"
    ),
    "key-lost": _RESTORE,
    "quote-unknown": _QUOTE,
    "quote-expired": _QUOTE,
    "quote-outdated": _QUOTE,
    "change-order-needed": "Send POST /v1/orders/{order}/request-change",
    "book-invalid": "`data` has the problems",
    "approval-missing": "Send POST /v1/catalogues/{book}/approve as another actor",
    "decision-published": "The paths that /openapi.json lists by kind are the commands",
    "report-not-held": "GET /v1/held lists the reports",
    "not-parked": "GET /v1/parked lists the events",
    "poison-event": "GET /v1/parked lists the event; POST /v1/parked/{view}/drop drops it",
    "dropped-meanwhile": "An operator runs `ordermade rebuild {view}`",
    "view-outdated": "An operator runs `ordermade rebuild {view} --accept`",
    "log-ahead-of-store": _RESTORE,
    "store-behind-log": _RESTORE,
    "log-differs": _RESTORE,
}


def explain(error: CodedError) -> str:
    """What is wrong, how to correct it, and the request that does."""
    return with_remedy(error, REMEDIES)
