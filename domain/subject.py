"""The subject of an event: what it is about, and the stream that a decision or report goes to."""

from __future__ import annotations

import msgspec

from domain.errors import Malformed

CUSTOMER = "customer"
SHARED = frozenset({"catalogue", "plant"})
"""Kinds of subjects that everybody needs: their events are in the shared partition."""


class Subject(msgspec.Struct, frozen=True, gc=False):
    """A kind and an id, written `kind/id`: an order, a design, a customer. The id may hold a `/`.

    Events, streams and owners are stored as text; this is how the text is taken apart and written.
    """

    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.id}"

    @classmethod
    def parse(cls, text: str) -> Subject:
        """Return the subject that is written so. Raises Malformed for any other text."""
        kind, _, id = text.partition("/")
        if not kind or not id:
            raise Malformed("subject: write it as <kind>/<id>, like order/7", "subject")
        return cls(kind, id)

    @property
    def is_customer(self) -> bool:
        return self.kind == CUSTOMER

    @property
    def is_shared(self) -> bool:
        return self.kind in SHARED


def is_subject(text: str) -> bool:
    """Whether the text of a stream or of an owner is a subject.

    Other streams are the ids of facts, and other owners the ids of customers: neither has a `/`.
    """
    return "/" in text


def without_kind(text: str, kind: str) -> str:
    """The id, where the text is a subject of this kind; any other text as it is."""
    return text.removeprefix(f"{kind}/")
