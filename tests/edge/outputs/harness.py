"""Decisions to show to outputs, and records of what the outputs did."""

from __future__ import annotations

from collections.abc import Callable

from gpiozero import Device
from gpiozero.pins.mock import MockPin

from edge.outputs.group import Outputs
from edge.values import Decision, Event, Frame
from tests.waiting import wait_until

FIRE = Decision(12.5, fire=True, face=1, smiling=True, score=0.9)
SMILES = Decision(12.6, smiling=True, score=0.9)
CALM = Decision(13.0)
ONCE, TWICE = [0, 1, 0], [0, 1, 0, 1, 0]
"""The levels of a pin that was active once, and twice."""

WAYS = ("safe", "stop", "close")

Opened = Callable[..., Outputs]
"""Opens outputs as ``Outputs`` does, and closes them at the end of the test."""


class EventLog(list[Event]):
    """A listener that keeps the events it received."""

    def __call__(self, event: Event) -> None:
        self.append(event)

    @property
    def names(self) -> list[str]:
        return [event.name for event in self]

    @property
    def reasons(self) -> list[str]:
        return [str(event.facts["reason"]) for event in self if event.name == "fault"]


class BreakablePin(MockPin):  # type: ignore[misc]
    """A pin that can be neither driven nor read while it is broken."""

    broken = False

    def _get_state(self) -> float:
        self._check()
        return super()._get_state()  # type: ignore[no-any-return]

    def _set_state(self, value: float) -> None:
        self._check()
        super()._set_state(value)

    def _check(self) -> None:
        if self.broken:
            raise OSError("no such line")


def fire_until_active(outputs: Outputs, pin: MockPin) -> None:
    outputs.step(FIRE)
    wait_until(lambda: bool(pin.state))


def fire_until_idle(outputs: Outputs, frame: Frame | None = None) -> list[Event]:
    """Fire, end the smile at once, and wait until the outputs have acted."""
    fired = outputs.step(FIRE, frame)
    outputs.end_smiles()
    wait_until(lambda: outputs.idle)
    return fired


def fire_and_close(outputs: Outputs, frame: Frame | None = None) -> list[Event]:
    fired = fire_until_idle(outputs, frame)
    outputs.close()
    return fired


def end(outputs: Outputs, way: str) -> None:
    """Make the first output safe, or stop or close all; way is one of WAYS."""
    act = outputs.opened[0].safe if way == "safe" else getattr(outputs, way)
    act()


def mock_pin(number: int) -> MockPin:
    """The mock of a pin, by its BCM number."""
    return Device.pin_factory.pin(number)


def levels(pin: MockPin) -> list[float]:
    """All levels a pin went through, the first from before it was first driven."""
    return [float(state.state) for state in pin.states]


def lengths(pin: MockPin) -> list[float]:
    """How long each of a pin's levels lasted, but the first and the present level, in seconds."""
    return [state.timestamp for state in pin.states[2:]]
