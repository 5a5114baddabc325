"""What every output is to the group: fired, shown frames and faults, made safe, closed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from edge.errors import OutputError
from edge.values import Decision, Event, Fault, Frame, Picture

Listen = Callable[[Event], None]
"""Receives events; may be slow, or fail."""


class Reports(Protocol):
    """Receives whether an output works, by the output's name in the configuration."""

    def output_failed(self, output: str, reason: str) -> None: ...

    def output_works(self, output: str) -> None: ...


class Firing(Struct, frozen=True):
    """What an output acts on.

    Attributes:
        time: of the frame, in seconds.
        face: id of the face that fired, None if no face did.
        frame: the frame, None if there is none; not to be kept, a camera has few of them.
        requested_at: the monotonic clock when the firing was requested, in seconds.
        pictures: copies that an output keeps: of the frame, then small pictures of frames before.
    """

    time: float
    face: int | None
    frame: Frame | None
    requested_at: float
    pictures: tuple[Picture, ...] = ()


class Output(ABC):
    """One output of a configuration. All methods but ``close`` return at once, from any thread.

    Args:
        name: the output's name in the configuration.

    Attributes:
        pin: BCM number of its main pin; None without one.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.pin: int | None = None

    @property
    def facts(self) -> dict[str, int | float | str]:
        """The facts of each event about this output: its name, and its pin if it has one."""
        pin: dict[str, int | float | str] = {} if self.pin is None else {"pin": self.pin}
        return {"output": self.name, **pin}

    def fired(self, firing: Firing) -> Event:
        """Return the ``fired`` event of a firing."""
        face: dict[str, int | float | str] = {} if firing.face is None else {"face": firing.face}
        return Event(firing.time, "fired", {**self.facts, **face})

    def error(self, expected: str, got: str) -> OutputError:
        """Return an error that names this output."""
        return OutputError(
            f"outputs.{self.name}: expected {expected}, got: {got}", self.name, self.pin
        )

    @abstractmethod
    def fire(self, firing: Firing) -> bool:
        """Accept a firing, to act on it later; False if it is dropped or changes nothing."""

    def process_frame(self, decision: Decision, frame: Frame | None) -> None:  # noqa: B027
        """Process a frame and the trigger's decision on it; called for each frame."""

    def show_fault(self, fault: Fault | None) -> None:  # noqa: B027
        """Show the worst present fault, None when there is none."""

    @property
    @abstractmethod
    def idle(self) -> bool:
        """True when no firing is acted on or waits."""

    @abstractmethod
    def safe(self) -> None:
        """Go to the safe level now and drop all accepted firings.

        Raises:
            OutputError: the output can't be driven; its level is unknown.
        """

    @abstractmethod
    def stop(self) -> None:
        """Go to the safe level as ``safe`` does, and accept no later firing.

        Raises:
            OutputError: the output can't be driven; its level is unknown.
        """

    @abstractmethod
    def close(self) -> None:
        """Stop as ``stop`` does, and release all resources; may be called more than once.

        Raises:
            OutputError: the output can't be driven; its level is unknown.
        """

    @abstractmethod
    def report_failure(self, reason: str) -> None:
        """Report that the output does not work, until it next succeeds."""
