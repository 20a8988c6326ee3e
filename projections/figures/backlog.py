"""Figures of the view `backlog`: what waits at each work centre, how fast it goes, and promises.

No event gives the number of servers or the opening hours yet: every work centre is taken to have
one server that is always open.
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
from projections.figures.measures import LIST_LIMIT, mean, percentile, share

WINDOW = timedelta(days=28)
"""Rates are taken over this time before the plant's last report, not over idle time after it."""
HOUR, DAY = 3600.0, 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCentreFigures:
    """The operations of a work centre.

    `wip` (L) are open, `paused` ones among them; ages are hours since they were queued. `arrivals`
    (λ) and `completions` (μ) are operations an hour, `run_s` (S) seconds an operation, and
    `utilisation` is λ·S. `took_h` is the mean time from queued to completed; by Little's law
    (Little 1961, Operations Research 9) it is near `little_h` = L/λ at a steady centre. A centre
    with λ > μ is `growing`, and not steady.
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
class OptionLoad:
    """What is still to be made of the placed orders that have an option.

    `pieces` are the outstanding ones of their lines, `operations` the open ones.
    """

    option: str
    value: str
    orders: int
    pieces: int
    operations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseFigures:
    """The promises of all orders. `hit_rate` is kept / (kept + missed).

    `late_days` is the mean delay of delivery after `p50`, in days; `overdue` promises are open
    after the day of their `p90`.
    """

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
    work_centres: Annotated[tuple[WorkCentreFigures, ...], "Where does work pile up?"]
    load: Annotated[tuple[OptionLoad, ...], "Which options bring the most work?"]
    load_left_off: Annotated[int, "How many more options bring work?"]
    promises: Annotated[PromiseFigures, "Are promises kept?"]
    assumed: Annotated[tuple[str, ...], "What is assumed?"]


ASSUMED = (
    "one server a work centre, open at all hours: no event tells of servers or calendars yet",
    f"rates: the {WINDOW.days} days before the plant's last report",
)


@dataclass(slots=True)
class _WorkCentre:
    """The times of a work centre's operations, in seconds since 1970; `took` and `runs` last."""

    queued: array[float] = field(default_factory=lambda: array("d"))
    completed: array[float] = field(default_factory=lambda: array("d"))
    took: array[float] = field(default_factory=lambda: array("d"))
    runs: array[float] = field(default_factory=lambda: array("d"))
    open: array[float] = field(default_factory=lambda: array("d"))
    paused: int = 0

    def add(self, operation: Operation) -> None:
        """An operation whose queueing was not reported arrived when it was first reported."""
        times = (operation.queued, operation.started, operation.completed)
        arrival = next((t.timestamp() for t in times if t), None)
        if arrival is None:
            return
        self.queued.append(arrival)
        if operation.completed:
            self.completed.append(operation.completed.timestamp())
            self.took.append(operation.completed.timestamp() - arrival)
            self.runs.append(operation.run_s)
        elif operation.is_open:
            self.open.append(arrival)
            self.paused += operation.paused_by is not None

    @property
    def last_report(self) -> float:
        return max(max(self.queued), max(self.completed, default=0.0))

    def figures(self, name: str, until: float, now: float) -> WorkCentreFigures:
        """The rates of the window that ends at `until`, and the ages at `now`."""
        since = until - WINDOW.total_seconds()
        recent = [i for i, time in enumerate(self.completed) if time > since]
        hours = min(WINDOW.total_seconds(), max(until - min(self.queued), 1.0)) / HOUR
        arrivals = sum(time > since for time in self.queued) / hours
        completions = len(recent) / hours
        run_s = mean([self.runs[i] for i in recent])
        took_s = mean([self.took[i] for i in recent])
        ages = sorted((now - time) / HOUR for time in self.open)
        return WorkCentreFigures(
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
    centres: defaultdict[str, _WorkCentre] = defaultdict(_WorkCentre)
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
    until = max((c.last_report for c in centres.values() if c.queued), default=None)
    work_centres = [
        centre.figures(name, until, now.timestamp())
        for name, centre in sorted(centres.items())
        if until is not None and centre.queued
    ]
    by_pieces = sorted(load.items(), key=lambda entry: (-entry[1]["pieces"], entry[0]))
    busy = [c for c in work_centres if c.utilisation]
    return BacklogFigures(
        orders=statuses.total(),
        by_status=dict(statuses.most_common()),
        until=None if until is None else datetime.fromtimestamp(until, UTC),
        bottleneck=max(busy, key=lambda c: c.utilisation or 0).work_centre if busy else None,
        work_centres=tuple(work_centres),
        load=tuple(
            OptionLoad(
                option=option,
                value=value,
                orders=work["orders"],
                pieces=work["pieces"],
                operations=work["operations"],
            )
            for (option, value), work in by_pieces[:LIST_LIMIT]
        ),
        load_left_off=len(by_pieces[LIST_LIMIT:]),
        promises=_promise_figures(promises, now),
        assumed=ASSUMED,
    )


def _add_load(load: dict[tuple[str, str], Counter[str]], row: BacklogRow) -> None:
    operations = Counter(o.line_id for o in row.progress.operations if o.is_open)
    for option in {(c.option, c.value) for c in row.choices.options}:
        load[option]["orders"] += 1
    for choice in row.choices.options:
        if line := row.progress.line(choice.line_id):
            work = load[choice.option, choice.value]
            work["pieces"] += line.outstanding
            work["operations"] += operations[choice.line_id]


def _promise_figures(
    promises: list[tuple[Promise, datetime | None]], now: datetime
) -> PromiseFigures:
    """The figures of promises, each with the time of its delivery."""
    kept = sum(p.kept is True for p, _ in promises)
    missed = sum(p.kept is False for p, _ in promises)
    revisions = sum(p.revisions for p, _ in promises)
    late = [(delivered - p.p50).total_seconds() / DAY for p, delivered in promises if delivered]
    return PromiseFigures(
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
