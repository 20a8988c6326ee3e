"""What may befall a deployment whatever its log is."""

from __future__ import annotations

import pytest

from tests.both_logs import LOGS
from tests.faults.trial import FAULTS


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize(
    "fault", [f for f in FAULTS if len(f.logs) == 2], ids=lambda f: f.happens.__name__
)
def test_nothing_is_lost_and_nothing_doubled(befall, fault, log):
    befall(fault, log)
