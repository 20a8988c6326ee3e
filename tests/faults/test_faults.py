"""Each fault once on each log, short: `make faults` repeats them at their full length."""

from __future__ import annotations

import pytest

from tests.faults.deployment import SHORT, beginning
from tests.faults.trial import FAULTS, run

SEED = 20260301
ONE_LOG = pytest.mark.one_log("it befalls a log in Kafka alone")
OF_EACH_LOG = [
    pytest.param(fault, log, marks=[ONE_LOG] if len(fault.logs) == 1 else [])
    for fault in FAULTS
    for log in fault.logs
]


@pytest.fixture(scope="session")
def in_parts(tmp_path_factory):
    return beginning(tmp_path_factory.mktemp("in-parts"))


@pytest.mark.parametrize(
    ("fault", "log"),
    OF_EACH_LOG,
    ids=lambda said: getattr(said, "name", said).replace(" ", "-"),
)
def test_nothing_is_lost_and_nothing_doubled(fault, log, in_parts, tmp_path, request):
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
