"""The decisions about an order: each takes the order and a command, and returns events or refuses.

A command that changes nothing returns no events. Reports are no decisions: see `reports.py`.
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
