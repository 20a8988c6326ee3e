"""The faults that can hit a deployment whose log is Kafka."""

from __future__ import annotations

import pytest

from tests.faults.trial import FAULTS, KAFKA

pytestmark = pytest.mark.one_log("the embedded log has no relay and no broker")


@pytest.mark.parametrize("log", KAFKA)
@pytest.mark.parametrize(
    "fault", [f for f in FAULTS if f.logs == KAFKA], ids=lambda f: f.cause.__name__
)
def test_no_event_is_lost_or_doubled(try_fault, fault, log):
    try_fault(fault, log)
