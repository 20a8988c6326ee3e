"""A writer process: publishes seeded facts until told to stop, and notes what was acknowledged.

`python -m tests.faults.writer NUMBER SEED FILE`; a line of FILE is an acknowledged id and its
customer. What it has no answer for it sends again, under the same id.
"""

from __future__ import annotations

import json
import random
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from consumers.ports import Appended
from infra.bootstrap import App
from infra.settings import Settings
from tests.frontdoor import FACTS, message

CUSTOMERS, BATCH, PAUSE_S = 30, 10, 0.05


def batch(number: int, start: int, dice: random.Random) -> dict[str, dict]:
    """Messages by id."""
    made = {}
    for n in range(start, start + BATCH):
        id, customer = f"{number}-{n}", f"customer/shop:{dice.randrange(CUSTOMERS)}"
        said = {"attribute": dice.choice("abc"), "value": f"v{n}", **FACTS}
        made[id] = message(id, "customer.preference-stated.v1", customer, said)
    return made


def main(number: int, seed: int, file: Path) -> None:
    dice = random.Random(seed * 100 + number)
    stop = file.with_name("stop")
    with App(Settings()) as app, file.open("w") as acknowledged:
        gate = app.gate(["personalize", "analyse"])
        n = 0
        while not stop.exists():
            waiting = batch(number, n, dice)
            n += BATCH
            while waiting:
                try:
                    lines = [json.dumps(m).encode() for m in waiting.values()]
                    answers = gate.accept(lines, datetime.now(UTC))
                except Exception:
                    time.sleep(0.1)
                    continue
                for id, answer in zip(list(waiting), answers, strict=True):
                    if isinstance(answer, Appended):
                        print(id, waiting.pop(id)["subject"], file=acknowledged)
                acknowledged.flush()
            time.sleep(dice.random() * 2 * PAUSE_S)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
