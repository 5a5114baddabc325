"""What is raised when a pin can't be opened."""

from __future__ import annotations

import errno
import sys
from types import SimpleNamespace

import pytest
from gpiozero import GPIOPinInUse, PinInvalidPin
from gpiozero.pins.mock import MockFactory, MockPWMPin

from edge.errors import OutputError, PinInUseError
from edge.outputs.gpio_output import opening
from edge.settings import AnyOutputSettings, GateSettings, IndicatorSettings, ShutterSettings
from tests.edge.outputs.harness import Opened

HINT = "another program holds it, perhaps smile-gate itself"


class LgpioError(Exception):
    """As lgpio.error: it carries a text and no code."""


LGPIO_TEXTS = {-79: "GPIO busy", -80: "GPIO not allocated"}
LGPIO = SimpleNamespace(error=LgpioError, error_text=LGPIO_TEXTS.get, GPIO_BUSY=-79)


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
        opened({"theirs": settings})
    assert (caught.value.output, caught.value.pin) == ("theirs", pin)
    for other in others:
        opened({"again": ShutterSettings(pin=other)})
    taken.close()
    opened({"again": ShutterSettings(pin=pin)})
