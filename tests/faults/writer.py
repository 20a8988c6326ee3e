"""A writer: says seeded things until told to stop, and notes what was acknowledged.

What it has no answer for it sends again, under the same id, also when it was killed and is started
again. `stop` in its folder ends it; `clock` there holds the seconds by which the door's is wrong.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from consumers.doors.commands import Command, Commands
from consumers.doors.deciders import parse_arguments
from consumers.doors.gate import Gate
from consumers.doors.held_reports import HeldReports
from consumers.ports.store import Appended
from domain.errors import Refusal
from infra.deployment import Deployment
from infra.postgres.store.held import PostgresHeldReports
from infra.postgres.store.store import PostgresStore
from infra.settings import Settings
from tests.frontdoor import FACTS, message

BATCH, PAUSE_S = 9, 0.1
PATIENCE_S = 2.0  # for a connection; then everything is opened anew
ORDER = 40  # instructions that an order gets


def messages(name: str, n: int, seed: str, customers: int) -> dict[str, dict]:
    """The n-th batch of a writer, by id: the same whenever it is made."""
    dice = random.Random(f"{seed}/{name}/{n}")
    made = {}
    for i in range(BATCH):
        id, who = f"{name}-{n}-{i}", f"shop:{dice.randrange(customers)}"
        if i % 3:
            said = {"attribute": dice.choice("abc"), "value": f"{id}", **FACTS}
            made[id] = message(id, "customer.preference-stated.v1", f"customer/{who}", said)
        else:
            paid = {"amount": f"{dice.randrange(1, 100_000) / 100:.2f}", "currency": "EUR"}
            order = f"order/{who.replace(':', '-')}"
            made[id] = message(id, "order.payment-recorded.v1", order, paid, customerid=who)
    return made


def wishes(name: str, n: int, customers: int) -> Iterator[tuple[str, str, str, dict]]:
    """Id, order, command and arguments. With one customer, writers race for the same orders."""
    order = f"{'race' if customers == 1 else name}-{n // ORDER}"
    line = {"line_id": "L1", "product": "shirt"}
    yield f"{order}/draft", order, "draft", {"lines": [line]}
    said = {"instruction_id": f"{name}-{n}", "text": "no collar", **FACTS}
    yield f"{order}/{name}-{n}", order, "instruct", {"instruction": said}


class Notes:
    """What was acknowledged, a line each; half a line is what a kill leaves."""

    def __init__(self, file: Path) -> None:
        text = file.read_text() if file.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        lines = [json.loads(line) for line in whole.splitlines()]
        self.batch = lines[-1]["batch"] if lines else 0
        self._known = {line["id"] for line in lines}
        file.write_text(whole)
        self._file = file.open("a")

    def __contains__(self, id: str) -> bool:
        return id in self._known

    def add(self, id: str, positions: list[str], known: bool, **more: object) -> None:
        self._known.add(id)
        line = {"batch": self.batch, "id": id, "positions": positions, "known": known, **more}
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class Writer:
    """Both doors of a deployment, with a clock that may be wrong."""

    def __init__(self, deployment: Deployment, clock: Path) -> None:
        pool = deployment.pool("door")
        owners = deployment.owners(pool)
        self._clock = clock
        self._store = PostgresStore(pool, owners, self.now)
        holding = HeldReports(self._store, owners, PostgresHeldReports(pool, owners))
        self._gate = Gate(self._store, owners, holding, ["fulfil", "personalize", "analyse"])
        self._commands = Commands(self._store, owners, holding)

    def now(self) -> datetime:
        wrong = float(self._clock.read_text()) if self._clock.exists() else 0
        return datetime.now(UTC) + timedelta(seconds=wrong)

    def publish(self, batch: dict[str, dict], notes: Notes) -> None:
        while waiting := {id: said for id, said in batch.items() if id not in notes}:
            answers = self._gate.accept([json.dumps(m).encode() for m in waiting.values()],
                                        self.now())  # fmt: skip
            for (id, said), answer in zip(waiting.items(), answers, strict=True):
                if isinstance(answer, Appended):
                    notes.add(id, [*map(str, answer.positions)], answer.duplicate, said=said)

    def wish(self, id: str, order: str, name: str, arguments: dict, notes: Notes) -> None:
        command = Command(
            id=id, source="/test", subject=f"order/{order}", name=name, time=self.now(),
            arguments=parse_arguments("order", name, json.dumps(arguments).encode()),
            customer="shop:0",
        )  # fmt: skip
        while id not in notes:
            try:
                done = self._commands.execute(command)
            except Refusal:
                time.sleep(random.random() * PAUSE_S)  # the stream moves on too fast
            else:
                notes.add(id, [str(r.position) for r in done.events], done.duplicate, order=order)

    def close(self) -> None:
        self._store.close()


def main(name: str, seed: str, customers: int, folder: Path) -> None:
    with closing(Notes(folder / f"said-{name}")) as notes:
        write(name, seed, customers, folder, notes)


def write(name: str, seed: str, customers: int, folder: Path, notes: Notes) -> None:
    dice = random.Random(f"{seed}/{name}")
    opening = message("opening", "customer.preference-stated.v1", "customer/shop:0",
                      {"attribute": "opening", "value": "yes", **FACTS})  # fmt: skip
    while True:
        try:
            with (
                Deployment(Settings(), PATIENCE_S) as deployment,
                closing(Writer(deployment, folder / "clock")) as writer,
            ):
                while True:
                    writer.publish({"opening": opening}, notes)
                    writer.publish(messages(name, notes.batch, seed, customers), notes)
                    for wish in wishes(name, notes.batch, customers):
                        writer.wish(*wish, notes)
                    if (folder / "stop").exists():
                        return
                    notes.batch += 1
                    time.sleep(dice.random() * 2 * PAUSE_S)
        except Exception as error:
            # Whatever it was, there was no answer.
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            time.sleep(0.1)
