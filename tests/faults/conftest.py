"""Each fault once on each log, short: `make faults` repeats them at their full length."""

from __future__ import annotations

import pytest

from tests.faults.deployment import SHORT, beginning
from tests.faults.trial import run

SEED = 20260301


@pytest.fixture(scope="session")
def in_parts(tmp_path_factory):
    return beginning(tmp_path_factory.mktemp("in-parts"))


@pytest.fixture
def befall(in_parts, tmp_path, request):
    """Lets a fault befall a deployment on a log; nothing may be lost, and nothing doubled."""

    def happen(fault, log):
        seed = f"{SEED}/{fault.name}/{log}"
        print("seed", seed)
        kafka = broker = None
        if fault.breaks_broker:
            broker = request.getfixturevalue("own_broker")
            kafka = broker.address
        elif log == "kafka":
            kafka = request.getfixturevalue("broker")
        outcome = run(fault, in_parts, tmp_path, kafka, broker, seed, SHORT)
        print(outcome)
        assert (outcome.lost, outcome.doubled) == (0, 0)

    return happen
