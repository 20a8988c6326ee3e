"""Projectors that are killed, and one that is stopped at the worst moment."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime

from domain.event import event_id
from infra.bootstrap import App
from infra.settings import Settings
from projections import discover
from tests.frontdoor import Front, message

SEED, KILLS, WRITERS, PROJECTORS = 20260301, 50, 8, 3


def opened(front: Front) -> App:
    return App(Settings(home=front.home, linger_s=2))


def everything(app: App):
    return [e for p, head in app.log.heads().items() for e in app.log.read(p, 0, head + 1)]


def wait_until(true, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_views_are_a_fold_of_what_was_acknowledged_though_projectors_are_killed(tmp_path):
    front = Front(tmp_path / "home", (("ORDERMADE_SESSION_S", "0.5"),))
    dice = random.Random(SEED)
    groups = [p.group for p in discover().values()]
    with opened(front) as app:
        writers = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.faults.writer", str(n), str(SEED),
                 str(tmp_path / f"acknowledged-{n}")],
                env=front.environment,
            )
            for n in range(WRITERS)
        ]  # fmt: skip
        projectors = [front.start("project") for _ in range(PROJECTORS)]
        behind = 0
        try:
            wait_until(lambda: sum(app.log.heads().values()) > 500)
            for _ in range(KILLS):
                time.sleep(dice.random() * 0.6)
                victim = dice.randrange(PROJECTORS)
                behind += app.progress.behind(groups, app.log.heads())
                projectors[victim].kill()
                projectors[victim].wait()
                projectors[victim] = front.start("project")
            (tmp_path / "stop").touch()
            assert [w.wait(60) for w in writers] == [0] * WRITERS
            wait_until(lambda: not app.progress.behind(groups, app.log.heads()))
        finally:
            (tmp_path / "stop").touch()
            for process in [*projectors, *writers]:
                process.terminate()
            for process in [*projectors, *writers]:
                process.wait(30)
        print(f"seed {SEED}: {KILLS} kills, {behind} of them while a projector was behind")
        assert behind >= 40

        acknowledged = [
            line.split()
            for n in range(WRITERS)
            for line in (tmp_path / f"acknowledged-{n}").read_text().splitlines()
        ]
        ids = [event_id("/test", id) for id, _ in acknowledged]
        events = everything(app)
        facts = [e.event.id for e in events if e.event.source == "/test"]
        assert sorted(facts) == sorted(ids)
        assert len(set(facts)) == len(facts)
        for projection in discover().values():
            assert dict(app.views.find(projection, None)) == projection.fold(events)
        names = app.owners(app.pool("reader")).find(
            {subject.removeprefix("customer/") for _, subject in acknowledged}
        )
        by_customer = Counter(names[s.removeprefix("customer/")] for _, s in acknowledged)
        consents = Counter(e.event.customerid for e in events if e.event.source != "/test")
        rows = app.views.find(discover()["profile"], None)
        assert {key: row.events for key, row in rows} == by_customer + consents


STOPPED = """
import os, signal, sys
from infra.bootstrap import App
from infra.postgres.views import PostgresViews
from infra.settings import Settings

commit = PostgresViews.commit

def stop_and_commit(self, projection, change):
    PostgresViews.commit = commit
    os.kill(os.getpid(), signal.SIGSTOP)  # folded, and not yet committed
    commit(self, projection, change)

PostgresViews.commit = stop_and_commit
with App(Settings()) as app:
    projectors = app.projectors()
    for projector in projectors:
        projector.step()
    print(sum(p.refused for p in projectors))
"""


def test_who_is_stopped_between_fold_and_commit_is_refused_when_it_wakes(tmp_path):
    front = Front(tmp_path / "home", (("ORDERMADE_SESSION_S", "0.5"),))
    messages = [
        message(str(n), "customer.behaviour-observed.v1", f"customer/shop:{n % 20}",
                {"kind": "view", "item": "rose"})
        for n in range(200)
    ]  # fmt: skip
    with opened(front) as app:
        app.gate(["personalize"]).accept(
            [json.dumps(m).encode() for m in messages], datetime.now(UTC)
        )
        sleeper = subprocess.Popen(
            [sys.executable, "-c", STOPPED],
            env=front.environment, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            _, status = os.waitpid(sleeper.pid, os.WUNTRACED)
            assert os.WIFSTOPPED(status)
            time.sleep(0.6)
            groups = [p.group for p in discover().values()]
            other = app.projectors()
            wait_until(lambda: [p.step() for p in other]
                       and not app.progress.behind(groups, app.log.heads()))  # fmt: skip
            expected = {p.name: dict(app.views.find(p, None)) for p in discover().values()}
        finally:
            os.kill(sleeper.pid, signal.SIGCONT)
        out, _ = sleeper.communicate(timeout=60)
        assert int(out) >= 1
        events = everything(app)
        for projection in discover().values():
            assert expected[projection.name] == projection.fold(events)
            assert dict(app.views.find(projection, None)) == expected[projection.name]
