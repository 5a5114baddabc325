"""Simulated pins, for what gpiozero's mock pins lack."""

from __future__ import annotations

import time

from gpiozero.pins.mock import MockPin


class ForgetfulPin(MockPin):  # type: ignore[misc]
    """A mock pin that does not keep every level it ever had."""

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
