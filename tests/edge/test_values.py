from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from edge.values import Box, Event, Frame


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (Box(0, 0, 10, 10), 1.0),
        (Box(5, 0, 10, 10), 50 / 150),
        (Box(10, 0, 10, 10), 0.0),
        (Box(2, 2, 5, 5), 0.25),
    ],
)
def test_intersection_over_union(other: Box, expected: float) -> None:
    assert Box(0, 0, 10, 10).iou(other) == pytest.approx(expected)
    assert other.iou(Box(0, 0, 10, 10)) == pytest.approx(expected)


def test_a_frame_is_released_at_the_end_of_its_block_whatever_happens_there() -> None:
    released: list[str] = []
    frame = Frame(0, 0.0, np.zeros((16, 16), np.uint8), give_back=lambda: released.append("buffer"))
    with pytest.raises(ZeroDivisionError), frame:
        raise ZeroDivisionError
    assert released == ["buffer"]


def test_the_release_of_a_frame_without_a_buffer_does_nothing() -> None:
    with Frame(0, 0.0, np.zeros((16, 16), np.uint8)) as frame:
        frame.release()
    assert frame.picture is frame.grey


@pytest.mark.parametrize("ago_s", [0.0, 90.0, -5.0])
def test_a_live_event_has_the_wall_clock_of_its_own_moment(ago_s: float) -> None:
    event = Event(time.monotonic() - ago_s, "fired", {"face": 1})
    stamped = event.stamped("door")
    assert (stamped.time, stamped.name) == (event.time, event.name)
    assert list(stamped.facts) == ["at", "device", "face"]
    assert stamped.facts["device"] == "door"
    at = str(stamped.facts["at"])
    assert at.endswith("Z")
    passed = datetime.now(UTC) - datetime.fromisoformat(at) - timedelta(seconds=ago_s)
    assert timedelta() <= passed < timedelta(seconds=1)


def test_an_event_of_a_clip_has_the_clips_time_only() -> None:
    event = Event(1.0, "fired", {"face": 1})
    assert event.stamped("") == event
