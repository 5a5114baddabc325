"""What outputs with pins have in common, and what is raised when a pin can't be opened."""

from __future__ import annotations

import errno
import re
import sys
import time
from types import SimpleNamespace

import pytest
from gpiozero import Device, GPIOPinInUse, PinInvalidPin
from gpiozero.pins.mock import MockFactory, MockPin, MockPWMPin

from edge.errors import OutputError, PinInUseError
from edge.outputs.gpio_output import opening
from edge.settings import AnyOutputSettings, GateSettings, IndicatorSettings, ShutterSettings
from tests.conftest import lasted
from tests.edge.outputs.harness import (
    FIRE,
    ONCE,
    SMILES,
    WAYS,
    EventLog,
    Opened,
    end,
    fire_and_close,
    fire_until_active,
    lengths,
    levels,
    mock_pin,
)
from tests.waiting import holds, wait_until

HINT = "another program holds it, perhaps smile-gate itself"


class LgpioError(Exception):
    """As lgpio.error: it carries a text and no code."""


LGPIO_TEXTS = {-79: "GPIO busy", -80: "GPIO not allocated"}
LGPIO = SimpleNamespace(error=LgpioError, error_text=LGPIO_TEXTS.get, GPIO_BUSY=-79)


@pytest.mark.parametrize(
    "settings",
    [ShutterSettings(pin=22, pulse_s=0.1), GateSettings(pin=22, open_s=0.1, settle_s=0)],
)
def test_a_pin_is_active_for_its_time(
    opened: Opened, events: EventLog, settings: AnyOutputSettings
) -> None:
    outputs = opened({"door": settings})
    pin = mock_pin(22)
    assert pin.function == "output"
    fired = fire_and_close(outputs)
    assert [event.facts for event in fired] == [{"output": "door", "pin": 22, "face": 1}]
    assert levels(pin) == ONCE
    assert lasted(lengths(pin)[0], 0.1)
    assert events.names == ["released"]
    assert {"output": "door", "pin": 22}.items() <= events[0].facts.items()
    length_s = float(events[0].facts["length_s"])
    assert lasted(length_s, 0.1)
    assert length_s == round(length_s, 4)
    assert lasted(events[0].time, FIRE.time + 0.1)


@pytest.mark.parametrize(
    "settings",
    [
        ShutterSettings(pin=4, pulse_s=0.02, active_high=False),
        GateSettings(pin=4, open_s=0.1, active_high=False),
    ],
)
def test_an_active_low_pin_is_safe_when_high(opened: Opened, settings: AnyOutputSettings) -> None:
    outputs = opened({"door": settings})
    assert levels(mock_pin(4)) == [0, 1]
    fire_and_close(outputs)
    assert levels(mock_pin(4)) == [0, 1, 0, 1]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "settings",
    [
        ShutterSettings(pin=22, pulse_s=10),
        GateSettings(pin=22, hold_open_pin=5, open_s=60, max_open_s=60, settle_s=0),
    ],
)
def test_a_pin_is_safe_at_once_when_told_to(
    opened: Opened, events: EventLog, settings: AnyOutputSettings, way: str
) -> None:
    outputs = opened({"door": settings})
    pin = mock_pin(22)
    mock_pin(5).drive_low()  # the gate's button is pressed
    fire_until_active(outputs, pin)
    outputs.step(FIRE)
    started = time.monotonic()
    end(outputs, way)
    assert not pin.state
    assert time.monotonic() - started < 0.2
    wait_until(lambda: events.names == ["released"])
    outputs.step(SMILES)
    assert holds(lambda: levels(pin) == ONCE, 0.05)


@pytest.mark.parametrize(
    ("error", "in_use", "hint"),
    [
        (LgpioError("GPIO busy"), True, True),
        (LgpioError("GPIO not allocated"), False, False),
        (OSError(errno.EBUSY, "Device or resource busy"), True, True),
        (OSError(errno.EACCES, "Permission denied"), False, False),
        (RuntimeError("too busy"), False, False),
        (GPIOPinInUse("pin GPIO17 is already in use"), True, False),
        (PinInvalidPin("99 is not a GPIO pin"), False, False),
    ],
)
def test_a_pin_in_use_is_told_by_the_error_and_not_by_its_words(
    monkeypatch: pytest.MonkeyPatch, error: Exception, in_use: bool, hint: bool
) -> None:
    monkeypatch.setitem(sys.modules, "lgpio", LGPIO)  # not installed here
    with pytest.raises(OutputError) as caught, opening("photo", 17):
        raise error
    assert (type(caught.value) is PinInUseError) is in_use
    assert (caught.value.output, caught.value.pin) == ("photo", 17)
    words = str(caught.value)
    assert words.startswith(f"outputs.photo: expected GPIO 17 to be usable, got: {error}")
    assert (HINT in words) is hint


@pytest.mark.parametrize(
    ("settings", "pin", "others"),
    [
        (ShutterSettings(pin=17), 17, []),
        (GateSettings(pin=22, hold_open_pin=5), 5, [22]),
        (IndicatorSettings(led_pin=16, rgb_pins=(13, 19, 26), buzzer_pin=12), 12, [16, 13, 19, 26]),
        (IndicatorSettings(rgb_pins=(13, 19, 26)), 19, [13, 26]),
    ],
)
def test_a_pin_in_use_is_named_and_the_others_are_freed(
    opened: Opened, pins: MockFactory, settings: AnyOutputSettings, pin: int, others: list[int]
) -> None:
    pins.pin_class = MockPWMPin
    taken = opened({"mine": ShutterSettings(pin=pin)})
    expected = rf"outputs\.theirs: expected GPIO {pin} to be usable"
    with pytest.raises(PinInUseError, match=expected) as caught:
        opened({"first": ShutterSettings(pin=6), "theirs": settings})
    assert (caught.value.output, caught.value.pin) == ("theirs", pin)
    for other in (6, *others):
        opened({"again": ShutterSettings(pin=other)})
    taken.close()
    opened({"again": ShutterSettings(pin=pin)})


def test_a_machine_without_gpio_is_named(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    Device.pin_factory = None
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "nonesuch")
    with pytest.raises(OutputError, match=r"outputs\.photo: expected GPIO .*=mock simulates it"):
        opened({"photo": ShutterSettings(pin=17)})


@pytest.mark.parametrize(
    ("setting", "pin"), [("led_pin", 16), ("rgb_pins", 13), ("buzzer_pin", 12)]
)
def test_a_pin_that_cannot_be_dimmed_is_named_with_a_hint_that_helps(
    opened: Opened,
    pins: MockFactory,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    pin: int,
) -> None:
    pins.pin_class = MockPin
    numbers = (pin, 19, 26) if setting == "rgb_pins" else pin
    settings = IndicatorSettings(**{setting: numbers})  # type: ignore[arg-type]
    expected = rf"outputs\.lamp: expected GPIO {pin} to be dimmable, .*=MockPWMPin simulates it"
    with pytest.raises(OutputError, match=expected) as caught:
        opened({"lamp": settings})
    assert (caught.value.output, caught.value.pin) == ("lamp", pin)
    opened({"again": ShutterSettings(pin=pin)}).close()
    hint = re.search(r"(\w+)=(\w+) simulates it", str(caught.value))
    assert hint
    monkeypatch.setenv(hint[1], hint[2])
    Device.pin_factory = None
    opened({"lamp": settings}).close()
