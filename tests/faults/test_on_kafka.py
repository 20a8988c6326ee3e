"""What may befall a deployment whose log is Kafka."""

from __future__ import annotations

import pytest

from tests.faults.trial import FAULTS, KAFKA

pytestmark = pytest.mark.one_log("the other log is no process and keeps no second copy")


@pytest.mark.parametrize("log", KAFKA)
@pytest.mark.parametrize(
    "fault", [f for f in FAULTS if f.logs == KAFKA], ids=lambda f: f.happens.__name__
)
def test_nothing_is_lost_and_nothing_doubled(befall, fault, log):
    befall(fault, log)
