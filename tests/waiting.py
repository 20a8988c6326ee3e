"""Waiting for what happens elsewhere, without guessing how long it takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE_S = 120.0  # a machine may be busy


def until(happens: Callable[[], T], seconds: float = PATIENCE_S) -> T:
    """What `happens` returns at last; AssertionError when it stays empty for too long."""
    deadline = time.monotonic() + seconds
    while not (found := happens()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found
