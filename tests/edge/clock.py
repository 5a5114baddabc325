"""A clock for tests that have no time to wait."""

from __future__ import annotations


class Clock:
    """A monotonic clock that stands still until the test advances it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds
