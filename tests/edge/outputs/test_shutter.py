from __future__ import annotations

import time

import pytest
from gpiozero import Device

from edge.errors import OutputError
from edge.settings import ShutterSettings
from tests.conftest import lasted
from tests.edge.outputs.harness import (
    FIRE,
    EventLog,
    Opened,
    fire_until_active,
    mock_pin,
    run_until_idle,
)

PULSE = ShutterSettings(pin=17, pulse_s=0.1)


def test_a_pulse_is_high_for_its_length(opened: Opened, events: EventLog) -> None:
    outputs = opened({"photo": PULSE})
    pin = mock_pin(17)
    assert pin.function == "output"
    fired = outputs.step(FIRE)
    assert [event.facts for event in fired] == [{"output": "photo", "pin": 17, "face": 1}]
    run_until_idle(outputs)
    rise, fall = pin.states[-2:]
    assert (rise.state, fall.state) == (True, False)
    assert lasted(fall.timestamp, 0.1)
    assert events.names == ["released"]
    assert events[0].facts["output"] == "photo"
    assert events[0].facts["pin"] == 17
    assert lasted(float(events[0].facts["length_s"]), 0.1)
    assert lasted(events[0].time, FIRE.time + 0.1)


def test_an_active_low_pin_is_safe_when_high(opened: Opened) -> None:
    settings = ShutterSettings(pin=4, pulse_s=0.02, active_high=False)
    outputs = opened({"photo": settings})
    pin = mock_pin(4)
    pin.assert_states([False, True])
    pin.clear_states()
    outputs.step(FIRE)
    run_until_idle(outputs)
    pin.assert_states([True, False, True])


def test_firings_during_a_pulse_follow_it(opened: Opened, events: EventLog) -> None:
    outputs = opened({"photo": ShutterSettings(pin=17, pulse_s=0.02)})
    for _ in range(3):
        outputs.step(FIRE)
    assert not outputs.idle
    run_until_idle(outputs)
    mock_pin(17).assert_states([False, True, False, True, False, True, False])
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
    run_until_idle(outputs)
    shutter.assert_states([False, True, False, True, False, True, False])
    focus.assert_states([False, True, False])
    lengths = [round(state.timestamp, 3) for state in shutter.states[2:]]
    for length, expected in zip(lengths, (0.05, 0.03, 0.05, 0.03, 0.05), strict=True):
        assert lasted(length, expected)
    assert lasted(focus.states[2].timestamp, settings.length_s)
    assert settings.length_s == pytest.approx(0.1 + 3 * 0.05 + 2 * 0.03)
    assert time.monotonic() - began < 1.0
    assert events.names == ["released"]


def test_close_ends_a_pulse_at_once(opened: Opened, events: EventLog) -> None:
    outputs = opened({"photo": ShutterSettings(pin=17, pulse_s=10)})
    pin = mock_pin(17)
    outputs.step(FIRE)
    fire_until_active(outputs, pin)
    started = time.monotonic()
    outputs.close()
    assert time.monotonic() - started < 0.2
    pin.assert_states([False, True, False])
    assert events.names == ["released"]


def test_a_pin_in_use_is_named_and_the_others_are_freed(opened: Opened) -> None:
    opened({"mine": PULSE})
    with pytest.raises(
        OutputError, match=r"outputs\.theirs: expected GPIO 17 to be usable"
    ) as caught:
        opened({"first": ShutterSettings(pin=5), "theirs": PULSE})
    assert (caught.value.output, caught.value.pin) == ("theirs", 17)
    assert not mock_pin(5).state
    opened({"again": ShutterSettings(pin=5)}).close()


def test_a_machine_without_gpio_is_named(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    Device.pin_factory = None
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "nonesuch")
    with pytest.raises(OutputError, match=r"outputs\.photo: expected GPIO .*=mock simulates it"):
        opened({"photo": PULSE})
