"""The faults that can hit a deployment on either log."""

from __future__ import annotations

import pytest

from tests.both_logs import LOGS
from tests.faults.trial import FAULTS


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize(
    "fault", [f for f in FAULTS if len(f.logs) == 2], ids=lambda f: f.cause.__name__
)
def test_no_event_is_lost_or_doubled(try_fault, fault, log):
    try_fault(fault, log)
