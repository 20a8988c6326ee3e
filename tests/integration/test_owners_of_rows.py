"""A row has one owner: a view that is keyed by country neither hides nor shows others' rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from consumers.movers.projector import Projector
from consumers.movers.rebuild import PoisonEvent, fold_until
from consumers.ports.store import StreamAppend
from domain.customer.events import ConsentGranted, ConsentWithdrawn
from domain.event import Event, Position, Recorded, event_id
from domain.order.reports import OrderLineAdopted
from domain.partition import partition_of
from domain.personal import Plain
from infra.postgres.store.log import PostgresLog
from infra.postgres.views.views import PostgresViews
from projections.view import Projection, Row, SecondOwner

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class CountryRow(Row):
    country: Plain[str]
    pieces: Plain[int]


countries = Projection("countries", 1, CountryRow, answers="How much was bought in each country?")


def by_country(event: Recorded[OrderLineAdopted]) -> str | None:
    return event.data.market


@countries.on(OrderLineAdopted, key=by_country)
def add_line(row: CountryRow | None, event: Recorded[OrderLineAdopted]) -> CountryRow:
    pieces = row.pieces if row else 0
    return CountryRow(country=by_country(event), pieces=pieces + event.data.quantity)


def of_same_partition(customer, partitions):
    """Another customer whose rows are in the same partition."""
    at = partition_of(customer, partitions)
    return next(c for n in range(999) if partition_of(c := f"other-{n}", partitions) == at)


def append(id, subject, customer, data):
    event = Event(
        id=event_id("/t", id), source="/t", subject=subject, time=NOW, data=data,
        customerid=customer,
    )  # fmt: skip
    return StreamAppend(event.stream, (event,))


def bought(customer, pieces):
    return append(
        f"line/{customer}/{pieces}", f"order/{customer}", customer,
        OrderLineAdopted(line_id=f"L{pieces}", product="shirt", quantity=pieces,
                         unit_price=Decimal(1), currency="EUR", origin="shop", market="France"),
    )  # fmt: skip


def consent(customer, type, *purposes):
    return append(
        f"{type.__name__}/{customer}", f"customer/{customer}", customer,
        type(purposes=purposes, policy_version="p"),
    )  # fmt: skip


@pytest.fixture
def log(deployment, owners):
    with deployment.pool("projector") as pool:
        yield PostgresLog(pool, owners.keys, session=timedelta(seconds=5))


@pytest.fixture
def views(deployment, owners):
    with deployment.pool("projector") as pool:
        yield PostgresViews(pool, owners.keys)


@pytest.fixture
def analyst(deployment):
    """Returns what analysts see of the view."""

    def select():
        with deployment.pool("analyst") as pool, pool.connection() as db:
            return db.execute("SELECT country, pieces FROM view.countries").fetchall()

    return select


@pytest.fixture
def customers(store, deployment):
    """Ann, who consents to analysis, and somebody else of the partition, who does not."""
    ann, other = "ann", of_same_partition("ann", deployment.partitions)
    store.append([consent(ann, ConsentGranted, "fulfil", "analyse")])
    store.append([consent(other, ConsentGranted, "fulfil")])
    return ann, other


@pytest.mark.parametrize("batch", [1, 1_000])
def test_the_second_owner_of_a_row_is_parked(store, log, views, customers, analyst, batch):
    ann, other = customers
    store.append([bought(ann, 1)])
    store.append([bought(other, 20), bought(ann, 2)])
    projector = Projector(countries, log, views, "ann", batch)
    projector.drain()
    [parked] = views.parked_events(countries.group)
    assert (parked.owner, parked.key) == (other, "France")
    assert parked.reason.startswith("row France of the view countries belongs to another owner")
    assert analyst() == [("France", 3)]  # nothing of the other customer is shown
    store.append([bought(other, 30), consent(other, ConsentWithdrawn, "fulfil")])
    projector.drain()
    assert [p.owner for p in views.parked_events(countries.group)] == [other] * 2
    assert analyst() == [("France", 3)]  # nor does the other's withdrawal hide Ann's row
    store.append([consent(ann, ConsentWithdrawn, "analyse")])
    assert analyst() == []


def test_a_rebuild_and_the_fold_in_memory_refuse_the_second_owner(store, log, views, customers):
    ann, other = customers
    store.append([bought(ann, 1)])
    store.append([bought(other, 20)])
    with pytest.raises(PoisonEvent, match="row France of the view countries"):
        fold_until(countries, log, log.heads())
    events = [e for p, head in log.heads().items() for e in log.read(p, 0, head + 1)]
    with pytest.raises(SecondOwner, match="row France of the view countries"):
        countries.fold(events)
    assert countries.fold(e for e in events if e.owner == ann)["France"].pieces == 1


def test_a_row_that_was_removed_has_no_owner():
    removing = Projection("countries", 1, CountryRow, answers="…")
    removing.on(OrderLineAdopted, key=by_country)(
        lambda row, event: None if row else add_line(row, event)
    )
    events = [
        recorded(bought(customer, pieces), number)
        for number, (customer, pieces) in enumerate([("ann", 1), ("ann", 2), ("bob", 3)], 1)
    ]
    assert removing.fold(events)["France"].pieces == 3


def recorded(appended, number):
    return Recorded(appended.events[0], Position(1, 0, number), 1, NOW)
