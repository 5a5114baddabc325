"""Power meters behind one interface; ``open_meter`` picks one by its SPEC."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from benchmarks.report.schema import Sample
from edge.errors import SmileGateError

log = logging.getLogger(__name__)

EXTERNAL = "external"
KINDS = f"auto, none, pmic, hwmon, hwmon:FOLDER, powercap or {EXTERNAL}"
SYSFS = Path("/sys")
GAP_PERIODS = 5.0
"""Samples that are so many periods apart have a gap between them."""


class MeterError(SmileGateError, OSError):
    """A power meter is not there, may not be read, vanished, or says what can't be.

    Attributes:
        meter: its SPEC, or the file that was read.
    """

    def __init__(self, message: str, meter: str | Path) -> None:
        super().__init__(message)
        self.meter = str(meter)


class NoMeterError(MeterError):
    """This machine has no such meter."""


class Meter(Protocol):
    """A power meter, ready from construction until ``close``.

    Attributes:
        name: of its kind, and of the chip where there are several.
        covers: what it measures, and what not.
        estimate: its maker calls it one.
        range_w: the least and most it can show, in watts; None if unknown.
        resolution_w: its smallest step, in watts; None if unknown.
        rate_hz: how often to read it.
    """

    name: str
    covers: str
    estimate: bool
    range_w: tuple[float, float] | None
    resolution_w: float | None
    rate_hz: float

    def read(self) -> float:
        """Return the power now, in watts; an energy counter gives the mean since the last reading.

        Raises:
            MeterError: it vanished, or does not say.
        """

    def close(self) -> None:
        """Release the meter; may be called more than once."""


def open_meter(spec: str, sysfs: Path = SYSFS) -> Meter | None:
    """Open a power meter.

    Args:
        spec: one of ``KINDS``. ``auto`` is the first there is of a current sensor of the kernel's
            ina2xx driver, which somebody must have put there to measure, the Raspberry Pi 5's power
            chip and the processor's energy counter; one that may not be read is warned of and
            passed over.
        sysfs: where the kernel shows its devices.

    Returns:
        The meter; None for ``none``, for ``external``, which is not read here, and for ``auto``
        where there is none.

    Raises:
        NoMeterError: the one that is named is not there.
        MeterError: it may not be read, or there is no such kind.
    """
    from benchmarks.meters.hwmon import open_current_sensor, open_hwmon
    from benchmarks.meters.pmic import PmicMeter
    from benchmarks.meters.powercap import PowercapMeter

    hwmon, powercap = sysfs / "class" / "hwmon", sysfs / "class" / "powercap"
    kind, colon, folder = spec.partition(":")
    match kind:
        case "none" | "external" if not colon:
            return None
        case "auto" if not colon:
            return _open_first(
                lambda: open_current_sensor(hwmon), PmicMeter, lambda: PowercapMeter(powercap)
            )
        case "pmic" if not colon:
            return PmicMeter()
        case "hwmon" if folder or not colon:
            return open_hwmon(hwmon, Path(folder) if folder else None)
        case "powercap" if not colon:
            return PowercapMeter(powercap)
    raise MeterError(f"power meter: expected {KINDS}, got {spec!r}", spec)


def _open_first(*openers: Callable[[], Meter]) -> Meter | None:
    for opener in openers:
        try:
            return opener()
        except NoMeterError as error:
            log.debug("%s", error)
        except MeterError as error:
            log.warning("%s", error)
    return None


class Recorder:
    """Reads a meter at its rate, in a thread of its own, until it is closed or the meter fails.

    Args:
        meter: is read from here only until then, and not closed.

    Attributes:
        samples: what was read; times are since construction. The first reading is not among them,
            for an energy counter's tells of a time before that.
        error: why the meter failed; None if it did not.
    """

    CLOSE_S = 5.0
    """How long to wait for the last reading; a bus may hang."""

    def __init__(self, meter: Meter) -> None:
        self.samples: list[Sample] = []
        self.error: MeterError | None = None
        self._began = time.monotonic()
        self._closed = threading.Event()
        self._thread = threading.Thread(
            target=self._record, args=(meter,), name="power", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """End the recording; may be called more than once."""
        self._closed.set()
        self._thread.join(self.CLOSE_S)

    def _record(self, meter: Meter) -> None:
        period = 1.0 / meter.rate_hz
        try:
            meter.read()
            due = time.monotonic() + period
            while not self._closed.wait(max(0.0, due - time.monotonic())):
                watts = meter.read()
                now = time.monotonic()
                self.samples.append(Sample(now - self._began, watts))
                due = max(due + period, now)
        except MeterError as error:
            self.error = error


def integrate(samples: Sequence[Sample], gap_s: float) -> tuple[float, float, float]:
    """Integrate power by trapezoids.

    Args:
        samples: in the order of their times.
        gap_s: between samples farther apart than this nothing is known, and nothing added.

    Returns:
        The energy in joules, the time it covers and the time in gaps, in seconds.
    """
    joules = covered_s = gaps_s = 0.0
    for one, other in itertools.pairwise(samples):
        step_s = other.at_s - one.at_s
        if step_s > gap_s:
            gaps_s += step_s
        else:
            covered_s += step_s
            joules += step_s * (one.watts + other.watts) / 2.0
    return joules, covered_s, gaps_s
