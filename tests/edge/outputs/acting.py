"""Ways to make outputs act and to see what they did."""

from __future__ import annotations

import time
from collections.abc import Callable

from gpiozero.pins.mock import MockPin

from edge.outputs.group import Outputs
from edge.values import Decision, Event

FIRE = Decision(12.5, fire=True, face=1, smiling=True, score=0.9)
CALM = Decision(13.0)


class Heard(list[Event]):
    """A listener that keeps what it was told."""

    def __call__(self, event: Event) -> None:
        self.append(event)

    @property
    def names(self) -> list[str]:
        return [event.name for event in self]

    @property
    def reasons(self) -> list[str]:
        return [str(event.facts["reason"]) for event in self if event.name == "fault"]


def wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.002)


def run_until_idle(outputs: Outputs) -> None:
    """Let the outputs do what they have to, with no more frames, and close them."""
    outputs.end()
    wait_until(lambda: outputs.idle)
    outputs.close()


def levels(pin: MockPin) -> list[float]:
    """All levels a pin went through, the first one from before it was first driven."""
    return [float(state.state) for state in pin.states]


def lengths(pin: MockPin) -> list[float]:
    """How long each of a pin's levels lasted, but the first and the present one, in seconds."""
    return [state.timestamp for state in pin.states[2:]]
