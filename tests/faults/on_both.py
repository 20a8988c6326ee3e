"""Faults of a deployment on either log.

Each function starts the deployment, causes the fault, and yields when the fault is over, with the
seconds of recovery that have passed by then. It is resumed for its own assertions when the writers
have ended and the views have caught up.
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
from tests.faults import failing
from tests.faults.deployment import DeploymentUnderLoad, children, is_paused
from tests.faults.failing import REFUSED
from tests.faults.processes import ordermade
from tests.faults.proxy import answer_losing_proxy
from tests.frontdoor import FACTS, message
from tests.independent.acknowledged import read_notes
from tests.integration.test_embedded_faults import server_processes
from tests.waiting import PATIENCE_S, until

HOUR_S = 3600


def projector_killed_before_and_after_commit(d: DeploymentUnderLoad) -> Iterator[None]:
    """Projectors are killed just before and just after they commit rows and position."""
    d.begin()
    for _ in range(d.lengths.repeats):
        moments = [failing.project_killed_before_commit, failing.project_killed_after_commit]
        d.dice.shuffle(moments)
        for moment in moments:
            killed = d.start(moment)
            time.sleep(d.dice.random() / 2)
            os.kill(d.member("project"), signal.SIGKILL)
            assert killed.wait(PATIENCE_S) == -signal.SIGKILL
    yield


def projector_paused_past_its_session(d: DeploymentUnderLoad) -> Iterator[None]:
    """A projector is paused before its commit until others have taken over; it must be refused."""
    d.begin()
    for _ in range(d.lengths.repeats):
        paused = d.start(failing.project_paused_before_commit)
        d.wait_for_takeover(paused)
        paused.send_signal(signal.SIGCONT)
        assert paused.wait(PATIENCE_S) == REFUSED
    yield


def database_down(d: DeploymentUnderLoad) -> Iterator[None]:
    """PostgreSQL is killed, or shut down at once, and started again later."""
    home = d.start_server()
    d.begin()
    how = d.dice.choice([signal.SIGKILL, signal.SIGINT])  # SIGINT shuts PostgreSQL down at once
    for pid in server_processes(home) if how is signal.SIGKILL else server_processes(home)[:1]:
        with suppress(ProcessLookupError):  # some end with the others
            os.kill(pid, how)
    time.sleep(d.lengths.database)
    server = embedded.start(home, linger_s=1)
    d.open_resources.callback(server.close)
    assert server.url() == d.url
    yield


def answers_to_appends_lost(d: DeploymentUnderLoad) -> Iterator[None]:
    """Connections end after PostgreSQL has committed and before the writer hears of it."""
    d.start_server()
    assert d.url
    proxy = d.open_resources.enter_context(answer_losing_proxy(d.url, d.dice))
    d.url = proxy.url
    d.begin()
    proxy.losing = True
    # All writers send the opening. Any other duplicate was stored and its answer was lost.
    until(lambda: d.acknowledged(b'"duplicate": true') >= d.lengths.writers + 5 * d.lengths.repeats)
    proxy.losing = False
    yield


def eight_writers_race_on_one_stream(d: DeploymentUnderLoad) -> Iterator[None]:
    """Eight writers append to the same orders of one customer."""
    d.customers = 1
    d.begin(writers=8)
    yield


def transaction_rolled_back_between_two_others(d: DeploymentUnderLoad) -> Iterator[None]:
    """A writer is killed in a transaction that has its numbers, while others wait behind it."""
    d.begin()
    for n in range(d.lengths.repeats):
        killed = d.start(failing.writer_paused_before_commit, *d.writer_arguments(f"killed-{n}"))
        until(lambda: is_paused(killed.pid))  # noqa: B023
        time.sleep(d.dice.random() / 2)  # others queue behind it
        killed.kill()
        killed.wait()
        d.start_writer(f"killed-{n}")
    yield


def event_that_cannot_be_read(d: DeploymentUnderLoad) -> Iterator[None]:
    """A later release appends an event that projectors park with all later ones of its key."""
    d.begin()
    customer = f"shop:{d.dice.randrange(1, d.customers)}"
    until(lambda: any(note.get("message", {}).get("subject") == f"customer/{customer}"
                      for note in read_notes(d.folder)))  # fmt: skip
    assert d.start(failing.later_release_publishes, customer).wait(PATIENCE_S) == 0
    yield
    parked = d.front.rows("parked")
    first = {row["view"]: row["number"] for row in reversed(parked)}
    assert first.keys() == discover().keys()
    assert len({(row["owner"], row["key"]) for row in parked}) == 1
    for view, number in first.items():
        d.front.ok("parked", "drop", view, parked[0]["owner"], number)
    assert d.front.rows("parked") == []


def rebuild_killed_halfway(d: DeploymentUnderLoad) -> Iterator[None]:
    """A rebuild of all views is killed and then run to its end, while writers go on."""
    d.begin()
    with d.opened() as deployment, deployment.pool("reader") as pool, pool.connection() as db:
        for _ in range(d.lengths.repeats):
            rebuild = d.start(ordermade, "rebuild", "all")
            until(lambda: db.execute(
                "SELECT to_regclass('projection.audit_v1_rebuild')").fetchone()[0])  # fmt: skip
            time.sleep(d.dice.random() / 5)
            rebuild.kill()
            assert rebuild.wait() < 0
    before = d.acknowledged()
    report = d.front.ok("rebuild", "all")
    assert report.count("0 differ. The new rows are shown now.") == len(discover())
    assert d.acknowledged() > before
    yield


def stream_silent_for_long(d: DeploymentUnderLoad) -> Iterator[None]:
    """A customer has two events with a long pause between them, while others go on."""

    def publish(n: int) -> None:
        data = {"attribute": "a", "value": f"v{n}", **FACTS}
        customer = "customer/shop:silent"
        event = message(f"silent-{n}", "customer.preference-stated.v1", customer, data)
        d.publish("silent", {f"silent-{n}": event})

    d.begin()
    publish(1)
    time.sleep(d.lengths.silence)
    publish(2)
    yield


def clock_set_back_an_hour(d: DeploymentUnderLoad) -> Iterator[None]:
    """The clock of the writers goes back; recorded times must still never decrease."""
    d.begin()
    new = d.folder / "clock.new"
    new.write_text(f"-{HOUR_S}")
    new.rename(d.folder / "clock")
    before = d.acknowledged()
    until(lambda: d.acknowledged() > before + 100)
    yield
    with d.opened() as deployment:
        for partition in deployment.log.heads():
            recorded = [e.recorded for e in d.events(deployment, partition)]
            assert all(a <= b for a, b in itertools.pairwise(recorded))


def disk_full(d: DeploymentUnderLoad) -> Iterator[None]:
    """PostgreSQL's disk is filled to the last byte, and freed later."""
    disk = d.folder / "disk"
    disk.mkdir()
    root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    program = [sys.executable, "-m", "tests.faults.small_disk", disk, d.template]
    command = ["unshare", *root, "--mount", *program]
    server = subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True)
    d.open_resources.enter_context(server)
    assert server.stdin
    assert server.stdout

    def order(word: str) -> None:
        print(word, file=server.stdin, flush=True)
        assert server.stdout.readline() == "done\n"

    d.url = server.stdout.readline().strip()
    d.begin()
    order("fill")
    before = -1
    while before != (before := d.acknowledged()):  # until no writer gets an answer any more
        time.sleep(1)
    time.sleep(d.lengths.disk)
    order("free")
    yield


def all_processes_killed_at_once(d: DeploymentUnderLoad) -> Iterator[float]:
    """PostgreSQL, `up`, its members and the writers are killed, and started again."""
    d.begin()
    recoveries = []
    for _ in range(d.lengths.repeats):
        kill_all(d)
        recoveries.append(d.run())
    yield max(recoveries)


def kill_all(d: DeploymentUnderLoad) -> None:
    """Kills PostgreSQL, `up`, its members and the writers."""
    assert d.up
    for pid in [*server_processes(d.front.home), *children(d.up.pid)]:
        with suppress(ProcessLookupError):  # some end with the others
            os.kill(pid, signal.SIGKILL)
    for process in d.processes:
        process.kill()
        process.wait()
