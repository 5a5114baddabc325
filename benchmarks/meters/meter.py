"""The interface of a power meter, and the errors of meters."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from edge.errors import SmileGateError


class MeterError(SmileGateError, OSError):
    """A power meter is missing, may not be read, disappeared or gives an impossible value.

    Attributes:
        meter: SPEC of the meter, or the path of the file that was read.
    """

    def __init__(self, message: str, meter: str | Path) -> None:
        super().__init__(message)
        self.meter = str(meter)


class NoMeterError(MeterError):
    """This machine does not have the meter."""


class Meter(Protocol):
    """A power meter, ready from construction on.

    Attributes:
        name: kind of the meter, and name of the chip where a machine may have several.
        covers: what the meter measures, and what it leaves out.
        estimate: whether the meter's maker calls its values estimates.
        range_w: lowest and highest power that the meter can show, in watts; None if unknown.
        resolution_w: smallest step, in watts; None if unknown.
        rate_hz: readings per second that suit the meter.
    """

    name: str
    covers: str
    estimate: bool = False
    range_w: tuple[float, float] | None = None
    resolution_w: float | None = None
    rate_hz: float

    def read(self) -> float:
        """Return the power now, in watts; an energy counter returns the mean since the last call.

        Raises:
            MeterError: the meter disappeared, or gives no valid value.
        """
