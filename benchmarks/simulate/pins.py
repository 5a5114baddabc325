"""Simulated pins, for what gpiozero's mock pins lack."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPin


class ForgetfulPin(MockPin):  # type: ignore[misc]
    """A mock pin without the history of its levels, which would grow for ever."""

    def _change_state(self, value: bool) -> bool:
        changed = bool(super()._change_state(value))
        self.clear_states()
        return changed


class TimedPin(MockPin):  # type: ignore[misc]
    """A mock pin that notes when it rose."""

    rises: list[float] = []  # noqa: RUF012  (of all pins)

    def _change_state(self, value: bool) -> bool:
        changed = bool(super()._change_state(value))
        if changed and value:
            self.rises.append(time.monotonic())
        return changed


@contextmanager
def mock_pins(pin_class: type[MockPin]) -> Iterator[None]:
    """Let gpiozero drive mock pins of this class meanwhile."""
    TimedPin.rises.clear()
    Device.pin_factory = MockFactory(pin_class=pin_class)
    try:
        yield
    finally:
        Device.pin_factory = None
