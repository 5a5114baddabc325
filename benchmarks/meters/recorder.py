"""Recording a power meter's samples, and integrating them to an energy."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Sequence

from benchmarks.meters.meter import Meter, MeterError
from benchmarks.report.schema import Sample


class Recorder:
    """Reads a meter at its rate, in a thread, until the recorder is closed or the meter fails.

    Args:
        meter: is read by this recorder alone until ``close``.

    Attributes:
        samples: readings with the seconds since construction. The first reading is left out,
            because an energy counter's first value covers the time before the recording.
        error: why the meter failed; None if it did not.
    """

    CLOSE_S = 5.0
    """How long ``close`` waits for the last reading, in seconds; a bus may hang."""

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
        """End the recording; further calls do nothing."""
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
    """Integrate power over time by trapezoids.

    Args:
        samples: in the order of time.
        gap_s: two samples farther apart than this, in seconds, have a gap between them, in which
            the power is unknown and adds nothing.

    Returns:
        The energy in joules, the time that the energy covers and the time in gaps, in seconds.
    """
    joules = covered_s = gaps_s = 0.0
    for sample, following in itertools.pairwise(samples):
        step_s = following.at_s - sample.at_s
        if step_s > gap_s:
            gaps_s += step_s
        else:
            covered_s += step_s
            joules += step_s * (sample.watts + following.watts) / 2.0
    return joules, covered_s, gaps_s
