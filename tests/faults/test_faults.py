"""Each fault once on each log, short: `make faults` repeats them at their full length."""

from __future__ import annotations

import pytest

from tests.faults.deployment import SHORT
from tests.faults.trial import FAULTS, run

SEED = 20260301


@pytest.mark.parametrize(
    ("fault", "log"),
    [(fault, log) for fault in FAULTS for log in fault.logs],
    ids=lambda said: getattr(said, "name", said).replace(" ", "-"),
)
def test_nothing_is_lost_and_nothing_doubled(fault, log, tmp_path, request):
    seed = f"{SEED}/{fault.name}/{log}"
    print("seed", seed)
    kafka = broker = None
    if fault.breaks_broker:
        broker = request.getfixturevalue("own_broker")
        kafka = broker.address
    elif log == "kafka":
        kafka = request.getfixturevalue("broker")
    outcome = run(fault, tmp_path, kafka, broker, seed, SHORT)
    print(outcome)
    assert (outcome.lost, outcome.doubled) == (0, 0)
