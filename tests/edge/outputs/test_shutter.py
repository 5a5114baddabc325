from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from edge.config import ShutterSettings
from edge.errors import OutputError
from edge.frames import Event
from edge.outputs import Outputs
from edge.outputs.shutter import Shutter
from tests.conftest import lasted

PULSE = ShutterSettings(pin=17, pulse_s=0.1)


def wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.002)


@pytest.fixture
def events() -> list[Event]:
    return []


def test_a_pulse_is_high_for_its_length(pins: MockFactory, events: list[Event]) -> None:
    shutter = Shutter("photo", PULSE, events.append)
    pin = pins.pin(17)
    assert pin.function == "output"
    pin.clear_states()
    shutter.fire(12.5)
    wait_until(lambda: shutter.idle)
    shutter.close()
    rise, fall = pin.states[1:3]
    assert (rise.state, fall.state) == (True, False)
    assert lasted(fall.timestamp, 0.1)
    assert [event.name for event in events] == ["released"]
    assert events[0].facts["output"] == "photo"
    assert events[0].facts["pin"] == 17
    assert lasted(float(events[0].facts["length_s"]), 0.1)
    assert lasted(events[0].time, 12.6)


def test_an_active_low_pin_is_safe_when_high(pins: MockFactory, events: list[Event]) -> None:
    shutter = Shutter(
        "photo", ShutterSettings(pin=4, pulse_s=0.02, active_high=False), events.append
    )
    pin = pins.pin(4)
    pin.assert_states([False, True])
    pin.clear_states()
    shutter.fire(0.0)
    wait_until(lambda: shutter.idle)
    shutter.close()
    pin.assert_states([True, False, True])


def test_firings_during_a_pulse_follow_it(pins: MockFactory, events: list[Event]) -> None:
    shutter = Shutter("photo", ShutterSettings(pin=17, pulse_s=0.02), events.append)
    pin = pins.pin(17)
    pin.clear_states()
    for _ in range(3):
        shutter.fire(0.0)
    assert not shutter.idle
    wait_until(lambda: shutter.idle)
    shutter.close()
    pin.assert_states([False, True, False, True, False, True, False])
    assert len(events) == 3


def test_close_ends_a_pulse_at_once(pins: MockFactory, events: list[Event]) -> None:
    shutter = Shutter("photo", ShutterSettings(pin=17, pulse_s=10), events.append)
    pin = pins.pin(17)
    shutter.fire(0.0)
    shutter.fire(0.0)
    wait_until(lambda: bool(pin.state))
    started = time.monotonic()
    shutter.close()
    assert time.monotonic() - started < 0.2
    pin.assert_states([False, True, False])
    assert [event.name for event in events] == ["released"]


def test_a_listener_that_fails_leaves_the_pin_safe_and_the_next_firing_works(
    pins: MockFactory, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Event) -> None:
        raise ValueError("broken listener")

    shutter = Shutter("photo", ShutterSettings(pin=17, pulse_s=0.01), fail)
    shutter.fire(0.0)
    shutter.fire(0.0)
    wait_until(lambda: shutter.idle)
    shutter.close()
    pins.pin(17).assert_states([False, True, False, True, False])
    assert "outputs.photo: GPIO 17 failed" in caplog.text


def test_a_pin_in_use_is_named_and_the_others_are_freed(
    pins: MockFactory, events: list[Event]
) -> None:
    taken = Shutter("mine", PULSE, events.append)
    with pytest.raises(
        OutputError, match=r"outputs\.theirs: expected GPIO 17 to be usable"
    ) as caught:
        Outputs({"first": ShutterSettings(pin=5), "theirs": PULSE}, events.append)
    assert (caught.value.output, caught.value.pin) == ("theirs", 17)
    assert not pins.pin(5).state
    Shutter("again", ShutterSettings(pin=5), events.append).close()
    taken.close()


def test_a_machine_without_gpio_is_named(
    monkeypatch: pytest.MonkeyPatch, events: list[Event]
) -> None:
    Device.pin_factory = None
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "nonesuch")
    with pytest.raises(OutputError, match=r"outputs\.photo: expected GPIO .*=mock simulates it"):
        Shutter("photo", PULSE, events.append)


def test_one_output_that_fails_leaves_none_active(
    pins: MockFactory, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = Outputs(
        {name: ShutterSettings(pin=pin, pulse_s=10) for name, pin in (("a", 5), ("b", 6))},
        events.append,
    )
    outputs.fire(1.0)
    wait_until(lambda: bool(pins.pin(5).state and pins.pin(6).state))

    def fail() -> None:
        raise OSError("no such line")

    monkeypatch.setattr(outputs.opened[0]._device, "off", fail)
    with pytest.raises(OutputError, match=r"outputs\.a: expected GPIO 5 to go to its safe level"):
        outputs.close()
    outputs.close()
    assert not pins.pin(6).state


def test_a_listener_that_hangs_holds_neither_pin_nor_end(pins: MockFactory) -> None:
    forever = threading.Event()
    shutter = Shutter(
        "photo", ShutterSettings(pin=17, pulse_s=0.01), lambda _: print(forever.wait())
    )
    shutter.fire(0.0)
    wait_until(lambda: shutter.idle)
    pins.pin(17).assert_states([False, True, False])
    shutter.close()
    forever.set()


def test_all_outputs_fire_and_close(pins: MockFactory, events: list[Event]) -> None:
    outputs = Outputs(
        {name: ShutterSettings(pin=pin, pulse_s=0.02) for name, pin in (("a", 5), ("b", 6))},
        events.append,
    )
    outputs.fire(1.0)
    wait_until(lambda: outputs.idle)
    outputs.close()
    outputs.close()
    for pin in (5, 6):
        pins.pin(pin).assert_states([False, True, False])
    assert sorted(str(event.facts["output"]) for event in events) == ["a", "b"]
