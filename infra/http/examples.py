"""Example requests of the OpenAPI document. A test sends each to a server that is ready for it."""

from __future__ import annotations

from typing import Any

from domain.event import Cursor, event_id, recorded_id

CUSTOMER = "shop:ann"
CUSTOMER_ID = "018f2a7b-6c1d-7e30-9a44-5b1f0c9d2e11"
BOOK = "shirts"
QUOTE_COMMAND_ID = "quote-explained"
QUOTE_EVENT_ID = str(recorded_id(event_id("/ordermade/http", QUOTE_COMMAND_ID), 0))
"""The id of the first event that the command recorded."""
QUARANTINED_IDS = {
    "read": "6f1c0a52-3a43-4f0e-9f43-3f1f0d8a7c10",
    "amend": "6f1c0a52-3a43-4f0e-9f43-3f1f0d8a7c11",
    "drop": "6f1c0a52-3a43-4f0e-9f43-3f1f0d8a7c12",
}
HELD_ID = str(event_id("/plant", "held-1"))
POSITION = str(Cursor(1, (0,) * 13))
_CHOICE = {"origin": "direct", "choice_space": "closed", "target": "product", "stage": "packaging"}
_LATER = "2099-03-01T12:00:00Z"

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "1",
    "source": "/shop",
    "type": "customer.preference-stated.v1",
    "subject": f"customer/{CUSTOMER}",
    "time": "2026-03-01T12:00:00Z",
    "data": {**_CHOICE, "attribute": "milk", "value": "oat", "stage": "in_use"},
}
REPORT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "2",
    "source": "/plant",
    "type": "order.operation-started.v1",
    "subject": "order/7",
    "time": "2026-03-01T14:00:00Z",
    "data": {"operation_id": "cut", "line_id": "L1", "work_centre": "cutting"},
}

COMMANDS: dict[tuple[str, str], dict[str, Any]] = {
    ("order", "draft"): {"lines": [{"line_id": "L1", "product": "shirt", "quantity": 2}]},
    ("order", "choose"): {
        "choice": {**_CHOICE, "line_id": "L1", "option": "monogram", "value": "serif",
                   "text": "A.B."}
    },
    ("order", "clear"): {"choice": {**_CHOICE, "line_id": "L1", "option": "monogram"}},
    ("order", "instruct"): {
        "instruction": {**_CHOICE, "choice_space": "free_form", "instruction_id": "I1",
                        "line_id": "L1", "text": "as loose as the last one"}
    },
    ("order", "interpret"): {
        "instruction_id": "I1", "operations": ["add-20-mm"], "confidence": 0.8, "by": "tailor-3",
    },
    ("order", "accept"): {"instruction_id": "I1"},
    ("order", "decline"): {"instruction_id": "I1", "cause": "no-such-cloth"},
    ("order", "quote"): {
        "quote_id": "Q1", "lines": [{"line_id": "L1", "amount": "80.00"}], "currency": "EUR",
        "expires_at": _LATER,
    },
    ("order", "expire-quote"): {"quote_id": "Q1"},
    ("order", "place"): {"quote_id": "Q1"},
    ("order", "promise"): {"p50": _LATER, "p90": _LATER, "basis": "lead-times"},
    ("order", "settle-promise"): {},
    ("order", "request-change"): {
        "change": {**_CHOICE, "change_id": "C1", "line_id": "L1", "option": "collar",
                   "value": "wide", "delta_price": "5.00", "delta_days": 2}
    },
    ("order", "approve-change"): {"change_id": "C1"},
    ("order", "reject-change"): {"change_id": "C1"},
    ("order", "cancel"): {},
    ("order", "queue"): {
        "route": [{"operation_id": "cut", "line_id": "L1", "work_centre": "cutting"}]
    },
    ("order", "rework"): {
        "check_id": "K1",
        "route": [{"operation_id": "cut-again", "line_id": "L1", "work_centre": "cutting"}],
    },
    ("order", "request-return"): {
        "return_id": "R1", "lines": [{"line_id": "L1", "product": "shirt", "quantity": 1}]
    },
    ("order", "refund"): {"refund_id": "F1", "amount": "40.00", "currency": "EUR"},
    ("design", "start"): {
        "book": "shirts", "lines": [{"line_id": "L1", "product": "shirt", "quantity": 2}],
    },
    ("design", "choose"): {
        "choice": {**_CHOICE, "line_id": "L1", "option": "monogram", "value": "serif",
                   "text": "A.B."}
    },
    ("design", "clear"): {"choice": {**_CHOICE, "line_id": "L1", "option": "monogram"}},
    ("design", "validate"): {},
    ("catalogue", "draft"): {
        "currency": "EUR",
        "products": ["shirt"],
        "options": [{"option": "monogram", "label": "A monogram", "stage": "packaging",
                     "values": ["serif", "script"], "text_limit": 4}],
        "prices": [{"rule_id": "shirt", "words": "A shirt", "step": "base", "amount": "70.00",
                    "when": [{"option": "product", "values": ["shirt"]}]}],
    },
    ("catalogue", "approve"): {"version": 1},
    ("catalogue", "publish"): {"version": 1},
    ("catalogue", "withdraw"): {"option": "monogram", "values": ["script"]},
    ("customer", "grant-consent"): {
        "purposes": ["fulfil", "personalize"], "policy_version": "2026-03"
    },
    ("customer", "withdraw-consent"): {"purposes": ["personalize"], "policy_version": "2026-03"},
}  # fmt: skip
"""The arguments of each command."""

APPROVER = "clerk-2"
"""A draft of a catalogue is approved by another person; all other examples are by clerk-1."""
