"""All views rebuilt from the store."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psycopg

from consumers.movers.rebuild import PAGE
from consumers.movers.rebuild import rebuild as rebuild_views
from projections import discover
from tests.benchmarks.harness import Bench, in_turn
from tests.benchmarks.results import Figure, at_least

EVENTS = 100_000
SELECT = (
    "SELECT incarnation, number, owner, data FROM store.event "
    "WHERE partition = %s AND number > %s ORDER BY number LIMIT %s"
)


def rebuild(bench: Bench) -> Iterator[Figure]:
    """Comparison and switch included, against reading the log and copying as many rows.

    The peer of `rebuild-memory` is the same folds in memory, of events that are decoded already.
    """
    bench.fill(EVENTS)
    log, views = bench.deployment.log, list(discover().values())
    for projector in bench.deployment.projectors():
        projector.drain()
        projector.close()
    pages = [(p, after) for p, head in log.heads().items() for after in range(0, head, PAGE)]
    events = [event for partition, after in pages for event in log.read(partition, after, PAGE)]
    copies = [_Copy(bench, view.group) for view in views]
    rows = {view.name: len(view.fold(events)) for view in views}

    def rebuilt() -> float:
        began = time.perf_counter()
        with bench.deployment.builds(views, print) as builds:
            reports = list(rebuild_views(log, builds))
        took = time.perf_counter() - began
        assert all(report.switched for report in reports)
        assert {report.view: report.difference.after for report in reports} == rows
        return len(events) / took

    def selected_and_copied() -> float:
        began = time.perf_counter()
        cursor = bench.admin.cursor(binary=True)
        read = sum(len(cursor.execute(SELECT, [*page, PAGE]).fetchall()) for page in pages)
        for copy in copies:
            copy.write(cursor)
        took = time.perf_counter() - began
        assert read == len(events)
        for copy in copies:
            copy.empty(cursor)
        return len(events) / took

    def folded() -> float:
        began = time.perf_counter()
        for view in views:
            view.fold(events)
        return len(events) / (time.perf_counter() - began)

    ours, peer = in_turn(rebuilt, selected_and_copied, rounds=3)
    yield Figure("rebuild", ours, peer, "events/s", at_least(0.1))
    yield Figure("rebuild-memory", ours, folded(), "events/s")


class _Copy:
    """The rows of a view in memory, and a table like the view's, without indexes, for them."""

    def __init__(self, bench: Bench, group: str) -> None:
        self._table = f"peer_{group}"
        bench.admin.execute(f"CREATE TABLE {self._table} (LIKE projection.{group})")
        columns = bench.admin.execute(f"SELECT * FROM {self._table}").description
        texts = ", ".join(f'"{column.name}"::text' for column in columns)
        self._rows = bench.admin.execute(f"SELECT {texts} FROM projection.{group}").fetchall()

    def write(self, cursor: psycopg.Cursor) -> None:
        with cursor.copy(f"COPY {self._table} FROM STDIN") as copy:
            for row in self._rows:
                copy.write_row(row)

    def empty(self, cursor: psycopg.Cursor) -> None:
        cursor.execute(f"TRUNCATE {self._table}")
