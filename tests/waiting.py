"""Waiting for a condition, without a guess how long it takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE_S = 120.0  # a machine may be busy


def until(condition: Callable[[], T], patience_s: float = PATIENCE_S) -> T:
    """Calls `condition` until it returns something true, and returns that; fails after patience."""
    deadline = time.monotonic() + patience_s
    while not (result := condition()):
        assert time.monotonic() < deadline, f"the condition is not met after {patience_s:.0f} s"
        time.sleep(0.02)
    return result
