"""Every price that was ever issued, as the store has it."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import msgspec
from psycopg_pool import ConnectionPool

from consumers.ports.store import IssuedPrice
from domain.event import Data, Position, Recorded
from domain.order.events import ChangeOrderRequested, QuoteIssued
from domain.subject import Subject
from infra import codec

TYPES = ["order.quote-issued.v1", "order.change-order-requested.v1"]
PAGE = 100
"""Events in memory at a time: a quote may have a thousand lines."""

_COLUMNS = "SELECT stream, incarnation, partition, number, data FROM store.event WHERE "


class PostgresIssuedPrices:
    """Nothing personal is opened: prices are proved over customers who were erased too."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def all(self, partition: int) -> Iterator[IssuedPrice]:
        """Those of a partition, in order."""
        after = 0
        while page := self._rows(
            "partition = %s AND number > %s AND type = ANY(%s) ORDER BY number LIMIT %s",
            partition, after, TYPES, PAGE,
        ):  # fmt: skip
            yield from filter(None, map(_issued, page))
            after = page[-1][3]

    def find(self, stream: str, id: str) -> IssuedPrice | None:
        """The quote, or what a change order makes of it, by its id in the order."""
        rows = self._rows("stream = %s AND type = ANY(%s) ORDER BY version", stream, TYPES)
        return next((i for i in filter(None, map(_issued, rows)) if i.id == id), None)

    def event(self, id: UUID) -> IssuedPrice | None:
        """By the event's id."""
        return next(filter(None, map(_issued, self._rows("id = %s", id))), None)

    def _rows(self, where: str, *values: object) -> list[tuple[str, int, int, int, bytes]]:
        with self._pool.connection() as db:
            cursor = db.cursor(binary=True)
            return cursor.execute(_COLUMNS.encode() + where.encode(), values).fetchall()


def _issued(row: tuple[str, int, int, int, bytes]) -> IssuedPrice | None:
    """None for a change order whose price nobody computed."""
    stream, *place, stored = row
    order, position = Subject.parse(stream).id, Position(*place)
    match _data(stored):
        case QuoteIssued(quote_id=id) as quote:
            return IssuedPrice(order=order, position=position, id=id, price=quote)
        case ChangeOrderRequested(change_id=id, requote=requote) as change:
            if requote is None:
                return None
            return IssuedPrice(order=order, position=position, id=id, price=requote, change=change)
    return IssuedPrice(order=order, position=position, id=None, price=None)


def _data(stored: bytes) -> Data | None:
    try:
        said: Recorded[Data] = codec.decode(stored, lambda _: None)
    except (KeyError, ValueError, msgspec.DecodeError):
        return None
    return said.data
