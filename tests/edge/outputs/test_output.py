"""What every output has of its base class."""

from __future__ import annotations

from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin

from edge.outputs.indicator import Indicator
from edge.settings import GateSettings, IndicatorSettings
from edge.values import Decision
from tests.edge.outputs.harness import ONCE, EventLog, Opened, fire_until_idle, levels, mock_pin
from tests.waiting import wait_until


@pytest.fixture(autouse=True)
def dimmable(pins: MockFactory) -> None:
    pins.pin_class = MockPWMPin


def test_an_output_that_works_again_is_as_quick_as_before(opened: Opened, events: EventLog) -> None:
    class Loose(Indicator):
        RETRY_S = 1.0
        broken = True

        def drive(self, device: Any, value: object = 1) -> None:
            if self.broken:
                raise OSError("a loose wire")
            super().drive(device, value)

    outputs = opened({"lamp": IndicatorSettings(led_pin=16)}, open_output=Loose)
    outputs.step(Decision(1.0, score=0.25))
    wait_until(lambda: events.names == ["fault"])
    Loose.broken = False
    wait_until(lambda: events.names == ["fault", "fault_over"])
    for score in (0.5, 0.75):
        outputs.step(Decision(1.0, score=score))
        wait_until(lambda score=score: bool(mock_pin(16).state == score), 0.8)  # type: ignore[misc]


def test_an_output_that_acts_at_once_has_no_countdown(opened: Opened) -> None:
    lamp = IndicatorSettings(rgb_pins=(13, 19, 26))
    outputs = opened({"gate": GateSettings(pin=17, open_s=0.5, settle_s=0), "lamp": lamp})
    fire_until_idle(outputs)
    # The flash in white; a countdown blinks in yellow.
    wait_until(lambda: levels(mock_pin(13)) == ONCE)
