"""The command lines that correct the causes of refusals, by their codes."""

from __future__ import annotations

from collections.abc import Mapping

from domain.errors import CodedError
from infra.errors import with_remedy

_QUOTE = "Get a quote with `ordermade order quote {order} {quote}`"
_RESTORE = (
    "Run `ordermade restore`; if the log belongs to another deployment, first set "
    "ORDERMADE_KAFKA_TOPICS to topics of your own"
)

REMEDIES: Mapping[str, str] = {
    "consent-missing": (
        "Run `ordermade consent grant {customer} {purposes} --policy VERSION`, or import with "
        "`--basis {purposes}`"
    ),
    "key-lost": "Run `ordermade restore --keys FILE` on an empty database",
    "quote-unknown": _QUOTE,
    "quote-expired": _QUOTE,
    "quote-outdated": _QUOTE,
    "change-order-needed": "Run `ordermade order tell {order} request-change ARGUMENTS`",
    "book-invalid": "`ordermade catalogue check FILE` lists every problem",
    "approval-missing": "Run `ordermade catalogue approve {book} --actor NAME` as somebody else",
    "decision-published": "`ordermade order --help` and `ordermade catalogue --help` list commands",
    "report-not-held": "`ordermade held` lists the reports",
    "not-parked": "`ordermade parked` lists the events",
    "poison-event": "`ordermade parked` lists the event; `ordermade parked drop` drops it",
    "dropped-meanwhile": "Run `ordermade rebuild {view}`",
    "view-outdated": "Run `ordermade rebuild {view} --accept`",
    "log-ahead-of-store": _RESTORE,
    "store-behind-log": _RESTORE,
    "log-differs": (
        "Check ORDERMADE_KAFKA and ORDERMADE_KAFKA_TOPICS; if they are right, run "
        "`ordermade restore` on an empty database"
    ),
}


def explain(error: CodedError) -> str:
    """What is wrong, how to correct it, and the command line that does."""
    return with_remedy(error, REMEDIES)
