"""The prices that were ever issued, from the events of the store."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import msgspec
from psycopg_pool import ConnectionPool

from consumers.ports.store import IssuedPrice
from domain.event import Data, Position
from domain.order.events import ChangeOrderRequested, QuoteIssued
from domain.subject import Subject
from infra import codec

TYPES = ["order.quote-issued.v1", "order.change-order-requested.v1"]
PAGE = 100
"""Events in memory at a time: a quote may have a thousand lines."""

_SELECT = "SELECT stream, incarnation, partition, number, data FROM store.event WHERE "
_EventRow = tuple[str, int, int, int, bytes]


class PostgresIssuedPrices:
    """Issued prices without personal values: those of erased customers can be read too."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def all(self, partition: int) -> Iterator[IssuedPrice]:
        """The prices of a partition, in order."""
        after = 0
        while page := self._rows(
            "partition = %s AND number > %s AND type = ANY(%s) ORDER BY number LIMIT %s",
            partition, after, TYPES, PAGE,
        ):  # fmt: skip
            yield from filter(None, map(_issued_price, page))
            after = page[-1][3]

    def find(self, stream: str, id: str) -> IssuedPrice | None:
        """The price in an order's stream, by the id of its quote or change order."""
        rows = self._rows("stream = %s AND type = ANY(%s) ORDER BY version", stream, TYPES)
        return next((i for i in filter(None, map(_issued_price, rows)) if i.id == id), None)

    def event(self, id: UUID) -> IssuedPrice | None:
        """The price of an event, by the event's id."""
        return next(filter(None, map(_issued_price, self._rows("id = %s", id))), None)

    def _rows(self, where: str, *values: object) -> list[_EventRow]:
        with self._pool.connection() as db:
            cursor = db.cursor(binary=True)
            return cursor.execute(_SELECT.encode() + where.encode(), values).fetchall()


def _issued_price(row: _EventRow) -> IssuedPrice | None:
    """The price of an event; None for a change order without a computed price."""
    stream, incarnation, partition, number, envelope = row
    order, position = Subject.parse(stream).id, Position(incarnation, partition, number)
    match _data(envelope):
        case QuoteIssued(quote_id=id) as quote:
            return IssuedPrice(order=order, position=position, id=id, price=quote)
        case ChangeOrderRequested(change_id=id, requote=requote) as change:
            if requote is None:
                return None
            return IssuedPrice(order=order, position=position, id=id, price=requote, change=change)
    return IssuedPrice(order=order, position=position, id=None, price=None)


def _data(envelope: bytes) -> Data | None:
    try:
        return codec.decode(envelope, lambda _: None).data
    except (KeyError, ValueError, msgspec.DecodeError):
        return None
