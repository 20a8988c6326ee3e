"""What may be decided about an order: state and a command give events, or a refusal.

A command that asks for what is so already gives no events. Reports are in `reports.py`: nobody
decides about what has happened.
"""

from domain.order.decide.agree import place, promise, settle_promise
from domain.order.decide.change import approve_change, cancel, reject_change, request_change
from domain.order.decide.configure import choose, clear, draft
from domain.order.decide.fulfil import queue, refund, request_return, rework
from domain.order.decide.instruct import accept, decline, instruct, interpret
from domain.order.decide.quoting import expire_quote, quote

__all__ = [
    "accept",
    "approve_change",
    "cancel",
    "choose",
    "clear",
    "decline",
    "draft",
    "expire_quote",
    "instruct",
    "interpret",
    "place",
    "promise",
    "queue",
    "quote",
    "refund",
    "reject_change",
    "request_change",
    "request_return",
    "rework",
    "settle_promise",
]
