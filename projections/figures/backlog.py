"""What waits where, how fast it goes, and whether promises are kept.

Until events tell of servers and opening hours, every work centre has one server and never closes.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated

from domain.order.progress import MAKING, Operation, Promise
from projections.backlog import BacklogRow
from projections.figures.measures import MOST, mean, percentile, share

WINDOW = timedelta(days=28)
"""Rates are those of so long before the plant's last word: an idle month tells nothing of them."""
HOUR, DAY = 3600.0, 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCentre:
    """`wip` L operations are open, `paused` ones among them; their ages are in hours since queued.

    `arrivals` λ and `completions` μ are operations an hour; `run_s` S is seconds an operation;
    `utilisation` is λ·S with one server. `took_h` is the mean from queued to completed, which by
    Little's law (1961) is near `little_h` = L/λ where the centre is steady; it is `growing` where
    λ > μ, and then it is not.
    """

    work_centre: str
    wip: int
    paused: int
    age_p50_h: float | None
    age_p90_h: float | None
    age_p99_h: float | None
    arrivals: float
    completions: float
    growing: bool
    run_s: float | None
    utilisation: float | None
    took_h: float | None
    little_h: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What an option brings to orders that are agreed and not packaged.

    `pieces` are those that are still to be made, `operations` those of their lines that are open.
    """

    option: str
    value: str
    orders: int
    pieces: int
    operations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """`hit_rate` is that of promises which are settled; `late_days` is delivery after `p50`."""

    made: int
    revised: int
    revisions_an_order: float | None
    kept: int
    missed: int
    open: int
    overdue: int
    hit_rate: float | None
    late_days: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BacklogFigures:
    orders: Annotated[int, "How many orders are there?"]
    by_status: Annotated[dict[str, int], "How far are they?"]
    until: Annotated[datetime | None, "When did the plant last report? Rates end there."]
    bottleneck: Annotated[str | None, "Which work centre limits the plant (most utilised)?"]
    work_centres: Annotated[tuple[WorkCentre, ...], "Where does it back up?"]
    load: Annotated[tuple[Load, ...], "Which options bring the most work?"]
    load_left_off: Annotated[int, "How many more options bring work?"]
    promises: Annotated[Promises, "Are promises kept?"]
    assumed: Annotated[tuple[str, ...], "What is assumed?"]


ASSUMED = (
    "one server a work centre, open at all hours: no event tells of servers or calendars yet",
    f"rates: the {WINDOW.days} days before the plant's last report",
)


@dataclass(slots=True)
class _Seen:
    """Times of a work centre's operations, as seconds since 1970."""

    queued: array[float] = field(default_factory=lambda: array("d"))
    completed: array[float] = field(default_factory=lambda: array("d"))
    took: array[float] = field(default_factory=lambda: array("d"))
    runs: array[float] = field(default_factory=lambda: array("d"))
    open: array[float] = field(default_factory=lambda: array("d"))
    paused: int = 0

    def add(self, operation: Operation) -> None:
        times = (operation.queued, operation.started, operation.completed)
        arrived = next((t.timestamp() for t in times if t), None)
        if arrived is None:
            return
        self.queued.append(arrived)
        if operation.completed:
            self.completed.append(operation.completed.timestamp())
            self.took.append(operation.completed.timestamp() - arrived)
            self.runs.append(operation.run_s)
        elif operation.is_open:
            self.open.append(arrived)
            self.paused += operation.paused_by is not None

    @property
    def last(self) -> float:
        return max(max(self.queued), max(self.completed, default=0.0))

    def figures(self, name: str, until: float, now: float) -> WorkCentre:
        since = until - WINDOW.total_seconds()
        recent = [i for i, time in enumerate(self.completed) if time > since]
        hours = min(WINDOW.total_seconds(), max(until - min(self.queued), 1.0)) / HOUR
        arrivals = sum(time > since for time in self.queued) / hours
        completions = len(recent) / hours
        run_s = mean([self.runs[i] for i in recent])
        took_s = mean([self.took[i] for i in recent])
        ages = sorted((now - time) / HOUR for time in self.open)
        return WorkCentre(
            work_centre=name,
            wip=len(ages),
            paused=self.paused,
            age_p50_h=percentile(ages, 50),
            age_p90_h=percentile(ages, 90),
            age_p99_h=percentile(ages, 99),
            arrivals=arrivals,
            completions=completions,
            growing=arrivals > completions,
            run_s=run_s,
            utilisation=None if run_s is None else arrivals * run_s / HOUR,
            took_h=None if took_s is None else took_s / HOUR,
            little_h=len(ages) / arrivals if arrivals else None,
        )


def figures(rows: Iterable[BacklogRow], now: datetime) -> BacklogFigures:
    statuses: Counter[str] = Counter()
    centres: defaultdict[str, _Seen] = defaultdict(_Seen)
    promises: list[tuple[Promise, datetime | None]] = []
    load: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        statuses[row.status] += 1
        if row.progress.status in MAKING:
            _add_load(load, row)
        for operation in row.progress.operations:
            centres[operation.work_centre].add(operation)
        if row.progress.promise:
            promises.append((row.progress.promise, row.progress.delivered))
    until = max((c.last for c in centres.values() if c.queued), default=None)
    seen = [
        centre.figures(name, until, now.timestamp())
        for name, centre in sorted(centres.items())
        if until is not None and centre.queued
    ]
    loaded = sorted(load.items(), key=lambda found: (-found[1]["pieces"], found[0]))
    busy = [c for c in seen if c.utilisation]
    return BacklogFigures(
        orders=statuses.total(),
        by_status=dict(statuses.most_common()),
        until=None if until is None else datetime.fromtimestamp(until, UTC),
        bottleneck=max(busy, key=lambda c: c.utilisation or 0).work_centre if busy else None,
        work_centres=tuple(seen),
        load=tuple(
            Load(
                option=option,
                value=value,
                orders=work["orders"],
                pieces=work["pieces"],
                operations=work["operations"],
            )
            for (option, value), work in loaded[:MOST]
        ),
        load_left_off=len(loaded[MOST:]),
        promises=_promises(promises, now),
        assumed=ASSUMED,
    )


def _add_load(load: dict[tuple[str, str], Counter[str]], row: BacklogRow) -> None:
    operations = Counter(o.line_id for o in row.progress.operations if o.is_open)
    chosen = {(c.option, c.value) for c in row.choices.options}
    for what in chosen:
        load[what]["orders"] += 1
    for c in row.choices.options:
        if line := row.progress.line(c.line_id):
            load[c.option, c.value]["pieces"] += line.outstanding
            load[c.option, c.value]["operations"] += operations[c.line_id]


def _promises(promises: list[tuple[Promise, datetime | None]], now: datetime) -> Promises:
    kept = sum(p.kept is True for p, _ in promises)
    missed = sum(p.kept is False for p, _ in promises)
    revisions = sum(p.revisions for p, _ in promises)
    late = [(delivered - p.p50).total_seconds() / DAY for p, delivered in promises if delivered]
    return Promises(
        made=len(promises),
        revised=sum(p.revisions > 0 for p, _ in promises),
        revisions_an_order=share(revisions, len(promises)),
        kept=kept,
        missed=missed,
        open=len(promises) - kept - missed,
        overdue=sum(p.kept is None and p.p90.date() < now.date() for p, _ in promises),
        hit_rate=share(kept, kept + missed),
        late_days=mean(late),
    )
