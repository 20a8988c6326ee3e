"""`ordermade up`: processes that are started again when they fall, and stopped with grace."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

import psycopg
import structlog
import typer
from psycopg_pool import PoolTimeout

from consumers.movers.inbox import Intaking
from consumers.movers.projector import Projector, step
from consumers.movers.relay import Relay
from domain.errors import Refusal
from infra.bootstrap import App
from infra.cli.terminal import Told

if TYPE_CHECKING:
    from infra.kafka.offsets import Offsets

_BACKOFF_S = (0.2, 10.0)
_STEADY_S = 30.0  # who ran this long may fall once more without waiting long
_GRACE_S = 15.0
_IDLE_S = (0.005, 0.2)
_TICK_S = 1.0

log = structlog.get_logger()


def stop_on_signal() -> threading.Event:
    """An event that is set by Ctrl-C or SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


class _Closes(Protocol):
    def close(self) -> None: ...


def project(
    projectors: Sequence[Projector], offsets: Offsets | None, stop: threading.Event
) -> None:
    def once() -> int:
        handled = step(projectors)
        if offsets:
            offsets.tell()
        return handled

    _move(once, [*([offsets] if offsets else []), *projectors], stop)


def relay(one: Relay, stop: threading.Event) -> None:
    _move(one.step, [one], stop)


def intake(one: Intaking, stop: threading.Event) -> None:
    _move(one.step, [], stop)


def _move(once: Callable[[], int], movers: Sequence[_Closes], stop: threading.Event) -> None:
    """Moves on until told to stop: at once while there is something, seldom while there is not."""
    idle, longest = _IDLE_S
    wait = idle
    try:
        while not stop.is_set():
            wait = idle if once() else min(wait * 2, longest)
            stop.wait(wait if wait > idle else 0)
    except (psycopg.OperationalError, PoolTimeout):
        raise  # who says now that they leave waits for the database; their session ends by itself
    except BaseException:
        _leave(movers)
        raise
    _leave(movers)


def _leave(movers: Sequence[_Closes]) -> None:
    for mover in movers:
        mover.close()


def tick(app: App, stop: threading.Event, once: bool) -> None:
    """Says what is due, and releases what was held for an order that is open by now."""
    timers, said = app.timers(), 0
    while True:
        said += timers.run()
        app.holding.release()
        if once or stop.wait(_TICK_S):
            break
    if once:
        app.drain()
        typer.echo(f"{said} events were due.")


def release_held(app: App, id: str, customer: str | None) -> None:
    try:
        known = UUID(id)
    except ValueError:
        raise Told(f"{id} is no id: see `ordermade held`") from None
    answer = app.holding.release_by_hand(known, customer)
    if isinstance(answer, Refusal):
        raise answer
    typer.echo(f"Stored at {answer.positions[0]}.")


@dataclass
class Supervised:
    """A process that shall run."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    backoff: float = _BACKOFF_S[0]
    again: float = 0.0

    def watch(self, now: float) -> None:
        """Starts the process if it does not run and its time has come."""
        if self.process and (code := self.process.poll()) is not None:
            if now - self.started > _STEADY_S:
                self.backoff = _BACKOFF_S[0]
            log.warning("fell", process=self.name, code=code, again_in_s=self.backoff)
            self.process, self.again = None, now + self.backoff
            self.backoff = min(self.backoff * 2, _BACKOFF_S[1])
        if self.process is None and now >= self.again:
            self.process, self.started = subprocess.Popen(self.command), now  # noqa: S603
            log.info("started", process=self.name, pid=self.process.pid)


def supervise(projectors: int, http: int | None = None, kafka: bool = False) -> None:
    """Runs until SIGINT or SIGTERM. `http` is the port to serve on, None for none."""
    stop = stop_on_signal()
    command = [sys.executable, "-m", "infra"]
    family = [Supervised(f"projector-{n}", [*command, "project"]) for n in range(1, projectors + 1)]
    family.append(Supervised("timers", [*command, "timers"]))
    if kafka:
        family += [Supervised(name, [*command, name]) for name in ("relay", "intake")]
    if http is not None:
        family.append(Supervised("http", [*command, "serve", "--port", str(http)]))
    while not stop.wait(0.1):
        for member in family:
            member.watch(time.monotonic())
    running = [m.process for m in family if m.process]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + _GRACE_S
    for process in running:
        try:
            process.wait(max(0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
    log.info("stopped")
