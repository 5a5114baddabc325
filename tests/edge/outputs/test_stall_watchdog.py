from __future__ import annotations

import pytest

from edge.outputs.stall_watchdog import StallWatchdog
from tests.waiting import wait_until


class Clock:
    now = 5.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def stalls() -> list[float]:
    return []


def test_only_a_frame_that_is_expected_can_be_missing(stalls: list[float]) -> None:
    clock = Clock()
    watchdog = StallWatchdog(stalls.append, clock)

    def wait(seconds: float) -> int:
        clock.now += seconds
        watchdog.check()
        return len(stalls)

    assert wait(100.0) == 0
    watchdog.frame_came()
    assert wait(100.0) == 0  # not watched yet
    watchdog.pause()
    watchdog.watch(60.0)
    assert wait(100.0) == 0  # no frame yet
    watchdog.frame_came()
    assert wait(60.0) == 0
    assert wait(0.1) == 1
    assert wait(100.0) == 1  # a stall is told once
    watchdog.frame_came()
    watchdog.pause()
    assert wait(100.0) == 1
    watchdog.frame_came()
    watchdog.watch(10.0)
    assert wait(10.1) == 2
    assert stalls == [60.0, 10.0]
    watchdog.stop()


def test_it_looks_by_itself_until_it_is_stopped(stalls: list[float]) -> None:
    clock = Clock()
    watchdog = StallWatchdog(stalls.append, clock)
    watchdog.watch(60.0)
    watchdog.frame_came()
    clock.now += 100.0
    wait_until(lambda: stalls == [60.0], 1.0)
    watchdog.stop()
