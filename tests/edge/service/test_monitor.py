from __future__ import annotations

import json

import pytest

from edge.service.monitor import Monitor
from edge.values import Box, Event, Face, SmileScore
from tests.edge.clock import Clock

SCORES = [SmileScore(Face(3, Box(1, 2, 30, 30), 5.0), 0.12345)]


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_before_the_first_frame_there_is_nothing_to_say(clock: Clock) -> None:
    monitor = Monitor(clock)
    clock.advance(12.34)
    assert monitor.report() == {
        "uptime_s": 12.3,
        "frames": 0,
        "fps": 0.0,
        "faces": [],
        "firings": 0,
        "last_firing_s_ago": None,
        "camera_lost": "",
    }


def test_the_rate_is_that_of_the_last_frames(clock: Clock) -> None:
    monitor = Monitor(clock)
    monitor.note_frame(SCORES)
    assert monitor.report()["fps"] == 0.0
    for step, fps in ((0.1, 10.0), (0.05, 20.0)):
        for _ in range(Monitor.FPS_OVER):
            clock.advance(step)
            monitor.note_frame(SCORES)
        assert monitor.report()["fps"] == fps
    assert monitor.report()["frames"] == 1 + 2 * Monitor.FPS_OVER


def test_faces_are_those_of_the_last_frame_as_long_as_it_is_fresh(clock: Clock) -> None:
    monitor = Monitor(clock)
    monitor.note_frame([])
    clock.advance(0.1)
    monitor.note_frame(SCORES)
    clock.advance(1.9)
    report = json.loads(json.dumps(monitor.report()))
    assert report["faces"] == [{"face": 3, "box": [1, 2, 30, 30], "score": 0.123}]
    assert report["fps"] > 0
    clock.advance(0.2)
    assert (monitor.report()["faces"], monitor.report()["fps"]) == ([], 0.0)


def test_firings_are_counted_and_the_last_is_known(clock: Clock) -> None:
    monitor = Monitor(clock)
    for name in ("smile_on", "fired", "released", "fired"):
        clock.advance(1.0)
        monitor.note_event(Event(0.0, name, {"output": "photo"}))
    clock.advance(2.5)
    report = monitor.report()
    assert (report["firings"], report["last_firing_s_ago"]) == (2, 2.5)


def test_a_lost_camera_is_named_until_it_is_back(clock: Clock) -> None:
    monitor = Monitor(clock)
    monitor.note_event(Event(0.0, "camera_lost", {"reason": "unplugged"}))
    assert monitor.report()["camera_lost"] == "unplugged"
    monitor.note_event(Event(0.0, "fired"))
    assert monitor.report()["camera_lost"] == "unplugged"
    monitor.note_event(Event(0.0, "camera_back"))
    assert monitor.report()["camera_lost"] == ""
