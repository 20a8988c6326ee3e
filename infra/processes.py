"""The long-running processes: their loops, their signals, and the supervisor that restarts them."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from consumers.movers.inbox import InboxMember
from consumers.movers.projector import Projector, step
from consumers.movers.relay import Relay
from infra.deployment import Deployment

if TYPE_CHECKING:
    from infra.kafka.offsets import OffsetPublisher

_BACKOFF_S = (0.2, 10.0)  # before a process is started again: the first wait, the longest
_STEADY_S = 30.0  # a process that ran for so long is started again after the first wait
_GRACE_S = 15.0  # that processes have to end before they are killed
_IDLE_S = (0.005, 0.2)  # between looks for work: the shortest pause, the longest
_TICK_S = 1.0  # between two runs of the timers

log = structlog.get_logger()


def stop_on_signal() -> threading.Event:
    """An event that Ctrl-C or SIGTERM sets."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def run_projectors(
    projectors: Sequence[Projector], offsets: OffsetPublisher | None, stop: threading.Event
) -> None:
    """Fold the log into the views until `stop` is set."""

    def step_all() -> int:
        handled = step(projectors)
        if offsets:
            offsets.publish()
        return handled

    _repeat(step_all, [*([offsets] if offsets else []), *projectors], stop)


def run_relay(relay: Relay, stop: threading.Event) -> None:
    """Copy the store to Kafka until `stop` is set."""
    _repeat(relay.step, [relay], stop)


def run_inbox(member: InboxMember, stop: threading.Event) -> None:
    """Take messages from the inbox until `stop` is set."""
    _repeat(member.step, [], stop)


def run_timers(deployment: Deployment, stop: threading.Event) -> None:
    """Record what becomes due, and append held reports whose stream is open, until `stop`."""
    timers = deployment.timers()
    while True:
        timers.run()
        deployment.held_reports.release()
        if stop.wait(_TICK_S):
            return


def serve_http(host: str, port: int) -> None:
    """Serve HTTP until SIGINT or SIGTERM. Raises UserError where it cannot listen there."""
    from infra.http.serve import serve

    stop_on_signal()  # uvicorn replaces these handlers, and raises its signal again when it ends
    serve(host, port)


class _Closes(Protocol):
    def close(self) -> None: ...


def _repeat(work: Callable[[], int], closing: Sequence[_Closes], stop: threading.Event) -> None:
    """Call `work` until `stop` is set: at once after some was done, else after growing pauses."""
    shortest, longest = _IDLE_S
    pause = shortest
    try:
        while not stop.is_set():
            pause = shortest if work() else min(pause * 2, longest)
            stop.wait(pause if pause > shortest else 0)
    except (psycopg.OperationalError, PoolTimeout):
        raise  # leaving a group needs the database; the member's session ends by itself
    except BaseException:
        _close(closing)
        raise
    _close(closing)


def _close(closing: Sequence[_Closes]) -> None:
    for each in closing:
        each.close()


@dataclass
class SupervisedProcess:
    """A process that is started again whenever it exits."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    backoff: float = _BACKOFF_S[0]
    restart_at: float = 0.0

    def watch(self, now: float) -> None:
        """Start the process if it does not run and its backoff is over."""
        if self.process and (code := self.process.poll()) is not None:
            if now - self.started > _STEADY_S:
                self.backoff = _BACKOFF_S[0]
            log.warning("exited", process=self.name, code=code, restart_in_s=self.backoff)
            self.process, self.restart_at = None, now + self.backoff
            self.backoff = min(self.backoff * 2, _BACKOFF_S[1])
        if self.process is None and now >= self.restart_at:
            self.process, self.started = subprocess.Popen(self.command), now  # noqa: S603
            log.info("started", process=self.name, pid=self.process.pid)


def supervise(projectors: int, http: int | None = None, kafka: bool = False) -> None:
    """Run the processes of a deployment until SIGINT or SIGTERM.

    `http` is the port to serve HTTP on, None for none. `kafka` adds the relay and the inbox.
    """
    stop = stop_on_signal()
    command = [sys.executable, "-m", "infra"]
    family = [
        SupervisedProcess(f"projector-{n}", [*command, "project"]) for n in range(1, projectors + 1)
    ]
    family.append(SupervisedProcess("timers", [*command, "timers"]))
    if kafka:
        family += [SupervisedProcess(name, [*command, name]) for name in ("relay", "inbox")]
    if http is not None:
        family.append(SupervisedProcess("http", [*command, "serve", "--port", str(http)]))
    while not stop.wait(0.1):
        for member in family:
            member.watch(time.monotonic())
    running = [member.process for member in family if member.process]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + _GRACE_S
    for process in running:
        try:
            process.wait(max(0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
    log.info("stopped")
