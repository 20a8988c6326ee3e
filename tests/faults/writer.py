"""A process that publishes events and gives commands, and notes each acknowledgement in a file.

Its messages follow from a seed. What is not acknowledged it sends again under the same id, also
after it was killed and started again. It ends when its folder has a file `stop`; a file `clock`
there holds the seconds by which its clock is wrong.
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

from consumers.doors.command_types import parse_arguments
from consumers.doors.commands import Command, Commands
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
PATIENCE_S = 2.0  # for a connection; then the deployment is opened anew
INSTRUCTIONS = 40  # of each order


def messages(name: str, n: int, seed: str, customers: int) -> dict[str, dict]:
    """The n-th batch of messages of a writer by id: the same at each call."""
    dice = random.Random(f"{seed}/{name}/{n}")
    batch = {}
    for i in range(BATCH):
        id, customer = f"{name}-{n}-{i}", f"shop:{dice.randrange(customers)}"
        if i % 3:
            data = {"attribute": dice.choice("abc"), "value": f"{id}", **FACTS}
            batch[id] = message(id, "customer.preference-stated.v1", f"customer/{customer}", data)
        else:
            data = {"amount": f"{dice.randrange(1, 100_000) / 100:.2f}", "currency": "EUR"}
            order = f"order/{customer.replace(':', '-')}"
            batch[id] = message(id, "order.payment-recorded.v1", order, data, customerid=customer)
    return batch


def commands(name: str, n: int, customers: int) -> Iterator[tuple[str, str, str, dict]]:
    """Id, order, name and arguments of the n-th commands; one customer's writers share orders."""
    order = f"{'race' if customers == 1 else name}-{n // INSTRUCTIONS}"
    line = {"line_id": "L1", "product": "shirt"}
    yield f"{order}/draft", order, "draft", {"lines": [line]}
    instruction = {"instruction_id": f"{name}-{n}", "text": "no collar", **FACTS}
    yield f"{order}/{name}-{n}", order, "instruct", {"instruction": instruction}


class Notes:
    """A file of acknowledgements, a line each; an unfinished line is what a kill leaves."""

    def __init__(self, file: Path) -> None:
        text = file.read_text() if file.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        lines = [json.loads(line) for line in whole.splitlines()]
        self.batch = lines[-1]["batch"] if lines else 0
        self._ids = {line["id"] for line in lines}
        file.write_text(whole)
        self._file = file.open("a")

    def __contains__(self, id: str) -> bool:
        return id in self._ids

    def add(self, id: str, positions: list[str], duplicate: bool, **more: object) -> None:
        self._ids.add(id)
        line = {"batch": self.batch, "id": id, "positions": positions, "duplicate": duplicate,
                **more}  # fmt: skip
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class Writer:
    """Events and commands into a deployment, with a clock that may be wrong."""

    def __init__(self, deployment: Deployment, clock: Path) -> None:
        pool = deployment.pool("door")
        owners = deployment.owners(pool)
        self._clock = clock
        self._store = PostgresStore(pool, owners, self.now)
        held = HeldReports(self._store, owners, PostgresHeldReports(pool, owners))
        self._gate = Gate(self._store, owners, held, ["fulfil", "personalize", "analyse"])
        self._commands = Commands(self._store, owners, held)

    def now(self) -> datetime:
        error_s = float(self._clock.read_text()) if self._clock.exists() else 0
        return datetime.now(UTC) + timedelta(seconds=error_s)

    def publish(self, batch: dict[str, dict], notes: Notes) -> None:
        """Sends the messages that are not acknowledged yet, until all are."""
        while missing := {id: sent for id, sent in batch.items() if id not in notes}:
            encoded = [json.dumps(sent).encode() for sent in missing.values()]
            answers = self._gate.accept(encoded, self.now())
            for (id, sent), answer in zip(missing.items(), answers, strict=True):
                if isinstance(answer, Appended):
                    notes.add(id, [*map(str, answer.positions)], answer.duplicate, message=sent)

    def execute(self, id: str, order: str, name: str, arguments: dict, notes: Notes) -> None:
        command = Command(
            id=id, source="/test", subject=f"order/{order}", name=name, time=self.now(),
            arguments=parse_arguments("order", name, json.dumps(arguments).encode()),
            customer="shop:0",
        )  # fmt: skip
        while id not in notes:
            try:
                result = self._commands.execute(command)
            except Refusal:
                time.sleep(random.random() * PAUSE_S)  # other writers append to the stream as well
            else:
                positions = [str(recorded.position) for recorded in result.events]
                notes.add(id, positions, result.duplicate, order=order)

    def close(self) -> None:
        self._store.close()


def main(name: str, seed: str, customers: int, folder: Path) -> None:
    with closing(Notes(folder / f"notes-{name}")) as notes:
        write(name, seed, customers, folder, notes)


def write(name: str, seed: str, customers: int, folder: Path, notes: Notes) -> None:
    """Goes on after the last batch in the notes, until the folder has a file `stop`."""
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
                    for command in commands(name, notes.batch, customers):
                        writer.execute(*command, notes)
                    if (folder / "stop").exists():
                        return
                    notes.batch += 1
                    time.sleep(dice.random() * 2 * PAUSE_S)
        except Exception as error:
            # Whatever the error, the message was not acknowledged and is sent again.
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            time.sleep(0.1)
