"""A rebuild that is killed while writers write, projectors project and readers read."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
import time

from projections import discover
from tests.faults.test_projectors import SEED, everything, opened, wait_until
from tests.frontdoor import Front

WRITERS, KILLS = 3, 2


def test_a_rebuild_is_killed_and_run_again_under_load(tmp_path):
    front = Front(tmp_path / "home", (("ORDERMADE_SESSION_S", "0.5"),))
    views = discover()
    groups = [view.group for view in views.values()]
    with opened(front) as app, app.pool("analyst") as pool, pool.connection() as analyst:
        processes = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.faults.writer", str(n), str(SEED),
                 str(tmp_path / f"acknowledged-{n}")],
                env=front.environment,
            )
            for n in range(WRITERS)
        ]  # fmt: skip
        processes += [front.start("project") for _ in range(2)]
        stop, seen = threading.Event(), []

        def count():
            """Rows of the audit, which only grow, as an analyst and as `show` see them."""
            while not stop.is_set():
                [(asked,)] = analyst.execute("SELECT count(*) FROM view.audit").fetchall()
                seen.append((asked, len(app.views.find(views["audit"], None))))
                time.sleep(0.01)

        def building():
            with app.pool("reader") as reader, reader.connection() as db:
                wait_until(lambda: db.execute(
                    "SELECT to_regclass('projection.audit_v1_rebuild')").fetchone()[0])  # fmt: skip

        reader = threading.Thread(target=count)
        try:
            wait_until(lambda: sum(app.log.heads().values()) > 500)
            reader.start()
            for _ in range(KILLS):
                doomed = front.start("rebuild", "all", stderr=subprocess.DEVNULL)
                building()
                doomed.kill()
                assert doomed.wait() < 0
            before = sum(app.log.heads().values())
            said = front.ok("rebuild", "all")
            assert said.count("0 differ. The new rows are shown now.") == len(views)
            assert sum(app.log.heads().values()) > before  # it was under load
            (tmp_path / "stop").touch()
            wait_until(lambda: not app.progress.behind(groups, app.log.heads()))
        finally:
            (tmp_path / "stop").touch()
            stop.set()
            reader.join()
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(30)
        app.drain()
        events = everything(app)
        for view in views.values():
            assert dict(app.views.find(view, None)) == view.fold(events)
            assert app.views.parked(view.group) == []
    assert len(seen) > 50
    assert min(seen[0]) > 0
    for before, after in itertools.pairwise(seen):
        assert all(a <= b for a, b in zip(before, after, strict=True))
