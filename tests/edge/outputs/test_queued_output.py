"""An output's queue."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from edge.outputs.faults import Faults
from edge.outputs.output import Firing
from edge.outputs.queued_output import QueuedOutput
from edge.values import Frame
from tests.edge.outputs.harness import EventLog
from tests.waiting import wait_until

FIRING = Firing(12.5, 1, None, 0.0)


class Slow(QueuedOutput):
    """Maintains itself, and acts on a firing, until the test lets it go on."""

    QUEUE_SIZE = 2

    def __init__(self, events: EventLog) -> None:
        faults = Faults(events, lambda _: None, lambda: 0.0)
        super().__init__("slow", events, faults)
        self.maintains, self.acts = threading.Event(), threading.Event()
        self.go_on = threading.Semaphore(0)
        self.start()

    def maintain(self) -> None:
        self.maintains.set()
        self.go_on.acquire(timeout=5.0)

    def handle(self, firing: Firing) -> None:
        self.acts.set()
        self.go_on.acquire(timeout=5.0)
        if firing.face is None:
            raise OSError("no face")

    def off(self) -> None:
        pass


@pytest.fixture
def slow(events: EventLog) -> Iterator[Slow]:
    output = Slow(events)
    assert output.maintains.wait(5.0)
    yield output
    output.go_on.release(10)
    output.close()


def test_firings_wait_for_the_maintenance_which_is_no_work(slow: Slow) -> None:
    assert slow.idle
    assert [slow.fire(FIRING) for _ in range(4)] == [True, True, True, False]
    assert not slow.idle


def test_behind_the_firing_that_is_acted_on_wait_as_many_as_the_queue_holds(slow: Slow) -> None:
    slow.go_on.release()
    slow.fire(FIRING)
    assert slow.acts.wait(5.0)
    assert [slow.fire(FIRING) for _ in range(3)] == [True, True, False]
    slow.go_on.release(3)
    wait_until(lambda: slow.idle)
    assert (slow.successes, slow.failures) == (3, 0)


def test_a_firing_that_waits_keeps_no_frame(slow: Slow) -> None:
    frame = Frame(0, 12.5, np.zeros((4, 4), np.uint8))
    slow.fire(Firing(12.5, 1, frame, 0.0))
    assert sys.getrefcount(frame) == 2  # ours and that of the call: a camera has few


def test_successes_and_failures_are_counted(slow: Slow, events: EventLog) -> None:
    for face in (1, None, None, 2):
        slow.go_on.release(2)
        slow.fire(Firing(12.5, face, None, 0.0))
        wait_until(lambda: slow.idle)
    assert (slow.successes, slow.failures) == (2, 2)
    wait_until(lambda: events.names == ["fault", "fault_over"])
    assert events.reasons == ["outputs.slow: expected it to work, got: OSError('no face')"]


def test_what_is_safe_drops_what_waits_and_what_is_stopped_accepts_nothing(slow: Slow) -> None:
    slow.fire(FIRING)
    slow.safe()
    assert slow.idle
    slow.stop()
    assert not slow.fire(FIRING)
    assert slow.idle
