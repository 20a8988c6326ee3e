"""What befalls a deployment whatever its log is.

Each begins the deployment, and yields when the fault is over, with the seconds of its recovery
that passed already; what comes then is asserted when writers have ended and views have all that was
said.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from subprocess import PIPE

from infra.postgres.server import embedded
from projections import discover
from tests.faults import doomed
from tests.faults.cut import cutting
from tests.faults.deployment import DeploymentUnderLoad, children, state
from tests.faults.doomed import REFUSED
from tests.faults.forked import ordermade
from tests.frontdoor import FACTS, message
from tests.independent.acknowledged import noted
from tests.integration.test_embedded_faults import everything
from tests.waiting import PATIENCE_S, until

HOUR_S = 3600


def projector_killed_around_its_commit(d: DeploymentUnderLoad) -> Iterator[None]:
    d.begin()
    for _ in range(d.lengths.repeats):
        sides = [doomed.project_killed_before_commit, doomed.project_killed_after_commit]
        d.dice.shuffle(sides)
        for side in sides:
            killed = d.start(side)
            time.sleep(d.dice.random() / 2)
            os.kill(d.member("project"), signal.SIGKILL)
            assert killed.wait(PATIENCE_S) == -signal.SIGKILL
    yield


def projector_stopped_past_its_session(d: DeploymentUnderLoad) -> Iterator[None]:
    d.begin()
    for _ in range(d.lengths.repeats):
        sleeper = d.start(doomed.project_stopped_before_commit)
        d.taken_over(sleeper)
        sleeper.send_signal(signal.SIGCONT)
        assert sleeper.wait(PATIENCE_S) == REFUSED
    yield


def database_gone(d: DeploymentUnderLoad) -> Iterator[None]:
    home = d.server()
    d.begin()
    gone = d.dice.choice([signal.SIGKILL, signal.SIGINT])  # SIGINT: told to stop at once
    for pid in everything(home) if gone is signal.SIGKILL else everything(home)[:1]:
        with suppress(ProcessLookupError):  # some go with the others
            os.kill(pid, gone)
    time.sleep(d.lengths.database)
    server = embedded.start(home, linger_s=1)
    d.held.callback(server.close)
    assert server.url() == d.url
    yield


def acknowledgement_of_an_append_lost(d: DeploymentUnderLoad) -> Iterator[None]:
    d.server()
    assert d.url
    cut = d.held.enter_context(cutting(d.url, d.dice))
    d.url = cut.url
    d.begin()
    cut.cutting = True
    # But for the opening nobody else said these: they were stored, and their writer did not hear.
    until(lambda: d.said(b'"known": true') >= d.lengths.writers + 5 * d.lengths.repeats)
    cut.cutting = False
    yield


def eight_writers_race_on_one_stream(d: DeploymentUnderLoad) -> Iterator[None]:
    d.customers = 1
    d.begin(writers=8)
    yield


def transaction_rolled_back_between_two_others(d: DeploymentUnderLoad) -> Iterator[None]:
    d.begin()
    for n in range(d.lengths.repeats):
        rolled = d.start(doomed.writer_stopped_before_commit, *d.writing(f"rolled-{n}"))
        until(lambda: state(rolled.pid) == "T")  # noqa: B023
        time.sleep(d.dice.random() / 2)  # others queue behind it
        rolled.kill()
        rolled.wait()
        d.write(f"rolled-{n}")
    yield


def poison_in_the_middle(d: DeploymentUnderLoad) -> Iterator[None]:
    d.begin()
    customer = f"shop:{d.dice.randrange(1, d.customers)}"
    until(lambda: any(n.get("said", {}).get("subject") == f"customer/{customer}"
                      for n in noted(d.folder)))  # fmt: skip
    assert d.start(doomed.release_to_come, customer).wait(PATIENCE_S) == 0
    yield
    waiting = d.front.rows("parked")
    first = {row["view"]: row["number"] for row in reversed(waiting)}
    assert first.keys() == discover().keys()
    assert len({(row["owner"], row["key"]) for row in waiting}) == 1
    for view, number in first.items():
        d.front.ok("parked", "drop", view, waiting[0]["owner"], number)
    assert d.front.rows("parked") == []


def crash_in_the_middle_of_a_rebuild(d: DeploymentUnderLoad) -> Iterator[None]:
    d.begin()
    with d.opened() as deployment, deployment.pool("reader") as pool, pool.connection() as db:
        for _ in range(d.lengths.repeats):
            rebuilding = d.start(ordermade, "rebuild", "all")
            until(lambda: db.execute(
                "SELECT to_regclass('projection.audit_v1_rebuild')").fetchone()[0])  # fmt: skip
            time.sleep(d.dice.random() / 5)
            rebuilding.kill()
            assert rebuilding.wait() < 0
    before = d.said()
    told = d.front.ok("rebuild", "all")
    assert told.count("0 differ. The new rows are shown now.") == len(discover())
    assert d.said() > before
    yield


def stream_silent_for_long(d: DeploymentUnderLoad) -> Iterator[None]:
    def say(n: int) -> None:
        said = {"attribute": "a", "value": f"v{n}", **FACTS}
        one = message(f"silent-{n}", "customer.preference-stated.v1", "customer/shop:silent", said)
        d.say("silent", {f"silent-{n}": one})

    d.begin()
    say(1)
    time.sleep(d.lengths.silence)
    say(2)
    yield


def clock_set_back_an_hour(d: DeploymentUnderLoad) -> Iterator[None]:
    d.begin()
    new = d.folder / "clock.new"
    new.write_text(f"-{HOUR_S}")
    new.rename(d.folder / "clock")
    before = d.said()
    until(lambda: d.said() > before + 100)
    yield
    with d.opened() as deployment:
        for partition in deployment.log.heads():
            recorded = [e.recorded for e in d.events(deployment, partition)]
            assert all(a <= b for a, b in itertools.pairwise(recorded))


def disk_full(d: DeploymentUnderLoad) -> Iterator[None]:
    disk = d.folder / "disk"
    disk.mkdir()
    root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    full = [sys.executable, "-m", "tests.faults.full", disk, d.made]
    command = ["unshare", *root, "--mount", *full]
    server = subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True)
    d.held.enter_context(server)
    assert server.stdin
    assert server.stdout

    def tell(word: str) -> None:
        print(word, file=server.stdin, flush=True)
        assert server.stdout.readline() == "done\n"

    d.url = server.stdout.readline().strip()
    d.begin()
    tell("fill")
    before = -1
    while before != (before := d.said()):  # until nobody gets an answer any more
        time.sleep(1)
    time.sleep(d.lengths.disk)
    tell("free")
    yield


def everything_killed_at_once(d: DeploymentUnderLoad) -> Iterator[float]:
    d.begin()
    took = []
    for _ in range(d.lengths.repeats):
        kill_all(d)
        took.append(d.run())
    yield max(took)


def kill_all(d: DeploymentUnderLoad) -> None:
    assert d.up
    for pid in [*everything(d.front.home), *children(d.up.pid)]:
        with suppress(ProcessLookupError):  # some go with the others
            os.kill(pid, signal.SIGKILL)
    for process in d.started:
        process.kill()
        process.wait()
