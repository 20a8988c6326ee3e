"""The rows of a view that a person asks for: which view, which key, and how fresh they are."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from consumers.ports.keys import Owners
from consumers.ports.views import GroupProgress, RowFilter, ViewReader
from domain.errors import NotFound, Refusal
from domain.subject import CUSTOMER, Subject, without_kind
from projections import discover
from projections.view import AnyProjection


class ViewOutdated(Refusal):
    """The rows that are shown are of another version of the view than this release reads."""

    code = "view-outdated"
    has_remedy = True

    def __init__(self, projection: AnyProjection, group: str) -> None:
        super().__init__(
            f"the view {projection.name} is shown as {group}, and this release reads "
            f"{projection.group}: rebuild the view",
            "view", view=projection.name, shown=group, needed=projection.group,
        )  # fmt: skip


class Lag(msgspec.Struct, frozen=True):
    """How far views are behind the log; `seconds` is the age of the oldest event not yet seen."""

    events: int
    seconds: float


class Freshness(msgspec.Struct, frozen=True):
    """How much of the log rows contain.

    `position` is a cursor: the rows contain at least everything up to it. `parked` counts the
    events that the views could not fold.
    """

    position: str
    lag: Lag
    parked: int


def find_view(name: str) -> AnyProjection:
    """Return the projection of a view. Raises NotFound."""
    projection = discover().get(name)
    if projection is None:
        views = ", ".join(sorted(discover()))
        raise NotFound(f"there is no view {name}: the views are {views}", "view")
    return projection


def readable_view(name: str, views: ViewReader) -> AnyProjection:
    """Return the projection of a view. Raises ViewOutdated where its rows are of another version.

    A row of another version has the fields that it had then, which code of this release cannot use.
    """
    projection = find_view(name)
    if (group := views.live().get(name, projection.group)) != projection.group:
        raise ViewOutdated(projection, group)
    return projection


def resolve_key(key: str, owners: Owners) -> str:
    """Return a key as rows have it: a customer named `namespace:id` becomes our id.

    Any other key, and a name that no customer has, is returned as it is.
    """
    name = without_kind(key, CUSTOMER)
    ids = owners.find([name]) if ":" in name else {}
    return key.removesuffix(name) + ids.get(name, name)


def key_filter(projection: AnyProjection, key: str) -> RowFilter:
    """Return the condition that a key means: the row's own key, its subject, or its customer."""
    columns = {"key", projection.find_by} | ({"customer"} & set(projection.look_up))
    where = {column: [key] for column in columns}
    if "subject" in where:
        where["subject"].append(str(Subject(CUSTOMER, key)))
    return where


def freshness(names: Collection[str], views: ViewReader, progress: GroupProgress) -> Freshness:
    """Return how far the views of these names are, the slowest partition of each counting."""
    live = views.live()
    groups = [live[name] for name in names]
    lags = progress.lags(groups)
    return Freshness(
        position=str(progress.position(lags)),
        lag=Lag(sum(lag.events for lag in lags), max(lag.seconds for lag in lags)),
        parked=sum(len(views.parked_events(group)) for group in groups),
    )
