"""A shop of ten customers for tests of views: its events, and the views that are made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg_pool import ConnectionPool

from consumers.movers.projector import Projector
from consumers.movers.rebuild import RebuildResult, rebuild
from consumers.ports.log import Log
from consumers.ports.store import Store, StreamAppend
from domain.book.book import OrderLine
from domain.customer.events import ConsentGranted, PreferenceStated
from domain.event import Data, Event, Recorded, event_id
from domain.order.events import OrderDrafted, OrderPlaced
from domain.order.reports import OrderShipped
from infra.postgres.views.builds import building
from infra.postgres.views.rows import OwnerKeys
from infra.postgres.views.views import PostgresViews
from projections import discover
from projections.view import AnyProjection, Row

NOW = datetime(2026, 3, 1, tzinfo=UTC)
VIEWS = discover()
BACKLOG = VIEWS["backlog"]
FACTS: Any = {
    "origin": "direct", "choice_space": "closed", "target": "product", "stage": "in_use"
}  # fmt: skip


def append(id: str, subject: str, data: Data, customer: str | None = None) -> StreamAppend:
    event = Event(
        id=event_id("/t", id), source="/t", subject=subject, time=NOW, data=data,
        customerid=customer,
    )  # fmt: skip
    return StreamAppend(event.stream, (event,))


def open_shop(store: Store) -> None:
    """Append the events of ten customers: consent, a stated preference and a placed order."""
    for i in range(10):
        customer, order = f"c{i}", f"order/o{i}"
        lines = (OrderLine(line_id="L1", product="shirt"),)
        purposes: Any = ("fulfil", "personalize", "analyse")[: 2 + i % 2]
        consent = ConsentGranted(purposes=purposes, policy_version="p")
        stated = PreferenceStated(attribute="milk", value=f"marker-{i}", **FACTS)
        store.append(
            [
                append(f"g{i}", f"customer/{customer}", consent, customer),
                append(f"p{i}", f"customer/{customer}", stated, customer),
                append(f"d{i}", order, OrderDrafted(lines=lines), customer),
                append(f"o{i}", order, OrderPlaced(), customer),
            ]
        )


def all_events(log: Log) -> list[Recorded[Data]]:
    """The events of the log, partition by partition. All of them must be readable."""
    events: list[Any] = []
    for partition, head in log.heads().items():
        events += log.read(partition, 0, head + 1)
    return events


@dataclass
class ShopViews:
    """The shop's store and log, and what projects and rebuilds its views."""

    store: Store
    log: Log
    views: PostgresViews
    keys: OwnerKeys
    pool: ConnectionPool

    def project(self, projection: AnyProjection, member: str = "ann") -> Projector:
        projector = Projector(projection, self.log, self.views, member)
        projector.drain()
        return projector

    def rebuild(
        self,
        *projections: AnyProjection,
        accept: bool = False,
        patience_s: float = 5.0,
        waits: Callable[[str], None] = lambda _: None,
    ) -> list[RebuildResult]:
        with building(self.pool, projections, self.keys, waits, patience_s) as builds:
            return list(rebuild(self.log, builds, accept=accept))

    def rows(self, projection: AnyProjection) -> dict[str, Row]:
        return dict(self.views.find(projection, None))

    def folded(self, projection: AnyProjection) -> dict[str, Row]:
        return projection.fold(all_events(self.log))

    def ship(self, *numbers: int) -> None:
        self.store.append(
            [append(f"s{n}", f"order/o{n}", OrderShipped(), f"c{n}") for n in numbers]
        )

    @property
    def tables(self) -> set[str]:
        with self.pool.connection() as db:
            rows = db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'projection'")
            return {name for (name,) in rows} - {"checkpoint", "parked", "live"}
