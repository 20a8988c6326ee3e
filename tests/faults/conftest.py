"""Each fault once on each log, short: `make faults` tries them at full length."""

from __future__ import annotations

import pytest

from tests.faults.deployment import SHORT, make_template
from tests.faults.trial import run

SEED = 20260301


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    return make_template(tmp_path_factory.mktemp("template"))


@pytest.fixture
def try_fault(template, tmp_path, request):
    """Runs a trial of a fault on a log, and asserts that no event is lost or doubled."""

    def trial(fault, log):
        seed = f"{SEED}/{fault.name}/{log}"
        print("seed", seed)
        kafka = broker = None
        if fault.breaks_broker:
            broker = request.getfixturevalue("own_broker")
            kafka = broker.address
        elif log == "kafka":
            kafka = request.getfixturevalue("broker")
        outcome = run(fault, template, tmp_path, kafka, broker, seed, SHORT)
        print(outcome)
        assert (outcome.lost, outcome.doubled) == (0, 0)

    return trial
