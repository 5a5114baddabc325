"""Waits for conditions, so that no test hangs on how fast its machine is."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.002)


def holds(condition: Callable[[], bool], seconds: float) -> bool:
    """Tell whether a condition is true all the time for some seconds."""
    end = time.monotonic() + seconds
    wait_until(lambda: not condition() or time.monotonic() > end, seconds + 5.0)
    return condition()
