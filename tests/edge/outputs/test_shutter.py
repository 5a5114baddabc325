from __future__ import annotations

import time

import pytest

from edge.settings import ShutterSettings
from tests.conftest import lasted
from tests.edge.outputs.harness import (
    FIRE,
    ONCE,
    EventLog,
    Opened,
    fire_until_active,
    fire_until_idle,
    lengths,
    levels,
    mock_pin,
)
from tests.waiting import wait_until


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
