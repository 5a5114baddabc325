from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import pytest
from msgspec.structs import replace

from edge.settings import ShutterSettings
from edge.values import Event
from tests.conftest import lasted
from tests.edge.outputs.harness import (
    FIRE,
    ONCE,
    SMILES,
    WAYS,
    EventLog,
    Opened,
    end,
    fire_until_active,
    fire_until_idle,
    lengths,
    levels,
    mock_pin,
)
from tests.waiting import holds, wait_until


def test_firings_during_a_pulse_follow_it(opened: Opened, events: EventLog) -> None:
    outputs = opened({"photo": ShutterSettings(pin=17, pulse_s=0.02)})
    outputs.step(FIRE)
    outputs.step(FIRE)
    assert not outputs.idle
    fire_until_idle(outputs)
    assert levels(mock_pin(17)) == [0, 1, 0, 1, 0, 1, 0]
    assert events.names == ["released"] * 3


def test_a_burst_after_focusing(opened: Opened, events: EventLog) -> None:
    settings = ShutterSettings(
        pin=17, pulse_s=0.05, focus_pin=27, focus_s=0.1, burst=3, burst_gap_s=0.03
    )
    outputs = opened({"photo": settings})
    shutter, focus = mock_pin(17), mock_pin(27)
    began = time.monotonic()
    fire_until_active(outputs, focus)
    assert not shutter.state
    wait_until(lambda: outputs.idle)
    assert levels(shutter) == [0, 1, 0, 1, 0, 1, 0]
    assert levels(focus) == ONCE
    for length, expected in zip(lengths(shutter), (0.05, 0.03, 0.05, 0.03, 0.05), strict=True):
        assert lasted(length, expected)
    assert lasted(lengths(focus)[0], settings.length_s)
    assert settings.length_s == pytest.approx(0.1 + 3 * 0.05 + 2 * 0.03)
    assert time.monotonic() - began < 1.0
    assert events.names == ["released"]


COUNTDOWN = ShutterSettings(pin=17, pulse_s=0.02, delay_s=0.4)
STARTS = [("countdown", {"output": "photo", "pin": 17, "face": 1, "delay_s": 0.4})]


def of(events: Iterable[Event]) -> list[tuple[str, Any]]:
    return [(event.name, event.facts) for event in events]


def test_a_countdown_comes_before_the_pulse(opened: Opened, events: EventLog) -> None:
    outputs = opened({"photo": COUNTDOWN})
    started = time.monotonic()
    begun = outputs.step(FIRE)
    assert of(begun) == STARTS
    assert begun[0].time == FIRE.time
    assert not outputs.idle
    fire = mock_pin(17)
    wait_until(lambda: bool(fire.state))
    assert lasted(time.monotonic() - started, 0.4)
    wait_until(lambda: outputs.idle)
    assert of(events[:1]) == [("fired", {"output": "photo", "pin": 17, "face": 1})]
    assert lasted(events[0].time, FIRE.time + 0.4)
    assert events.names == ["fired", "released"]
    assert levels(fire) == ONCE
    assert COUNTDOWN.length_s == pytest.approx(0.42)


@pytest.mark.parametrize("way", ["faces_left", *WAYS])
def test_a_countdown_is_cancelled_when_all_faces_leave_and_when_it_is_made_safe(
    opened: Opened, events: EventLog, way: str
) -> None:
    outputs = opened({"photo": replace(COUNTDOWN, delay_s=60)})
    outputs.step(FIRE)
    assert holds(lambda: events == [], 0.05)
    outputs.step(SMILES)
    end(outputs, way)
    wait_until(lambda: outputs.idle)
    reason = "all faces left" if way == "faces_left" else "made safe"
    assert of(events) == [("cancelled", {"output": "photo", "pin": 17, "reason": reason})]
    assert 1 not in levels(mock_pin(17))


def test_a_firing_after_a_cancelled_countdown_counts_down_anew(
    opened: Opened, events: EventLog
) -> None:
    outputs = opened({"photo": COUNTDOWN})
    outputs.faces_left()
    for _ in range(2):
        outputs.step(FIRE)
        outputs.faces_left()
        wait_until(lambda: outputs.idle)
    outputs.step(FIRE)
    wait_until(lambda: outputs.idle)
    assert events.names == ["cancelled", "cancelled", "fired", "released"]


def test_without_a_countdown_faces_that_leave_cancel_nothing(
    opened: Opened, events: EventLog
) -> None:
    outputs = opened({"photo": ShutterSettings(pin=17, pulse_s=0.02)})
    outputs.step(FIRE)
    outputs.step(FIRE)
    outputs.faces_left()
    wait_until(lambda: outputs.idle)
    assert events.names == ["released"] * 2
