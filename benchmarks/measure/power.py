"""Power while the machine is idle, judges a camera's frames, and judges flat out."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Literal, Self

from msgspec.structs import replace

from benchmarks.measure.camera_rate import at_camera_rate
from benchmarks.measure.flat_out import Show
from benchmarks.meters.csv_file import part, read_csv
from benchmarks.meters.meter import Meter, MeterError
from benchmarks.meters.recorder import Recorder, integrate
from benchmarks.report.report_json import ReportError
from benchmarks.report.schema import GAP_PERIODS, Phase, Power, Report, Sample, Stretch
from benchmarks.simulate.scenes import SMILES, WALKING

CSV = "csv"  # the meter of which a recording was read

PhaseName = Literal["idle", "camera rate", "flat out"]
Measured = Callable[[], AbstractContextManager[object]]


class Recording:
    """While entered, reads a meter if there is one.

    Attributes:
        samples: what it said; times are since it was entered.
        error: why it failed; empty if it did not.
        started_s: when it was entered, in Unix seconds.
        seconds: for how long.
    """

    def __init__(self, meter: Meter | None) -> None:
        self.samples: Sequence[Sample] = ()
        self.error = ""
        self.started_s = self.seconds = 0.0
        self._meter = meter

    def __enter__(self) -> Self:
        self.started_s, self._began = time.time(), time.monotonic()
        self._recorder = Recorder(self._meter) if self._meter else None
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.monotonic() - self._began
        if self._recorder:
            self._recorder.close()
            self.samples, self.error = self._recorder.samples, str(self._recorder.error or "")


def _idle(seconds: float, measured: Measured) -> int:
    with measured():
        time.sleep(seconds)
    return 0


def _camera_rate(seconds: float, measured: Measured) -> int:
    return at_camera_rate(SMILES[0], seconds, measured).frames


def _flat_out(seconds: float, measured: Measured) -> int:
    show = Show(WALKING)
    show.run(1.0)
    with measured():
        return show.run(seconds)


PHASES: dict[PhaseName, Callable[[float, Measured], int]] = {
    "idle": _idle,
    "camera rate": _camera_rate,
    "flat out": _flat_out,
}


def run_stretch(name: PhaseName, seconds: float, recording: Recording) -> Stretch:
    """Let the machine do one thing, and nothing but the recording's meter look."""
    frames = PHASES[name](seconds, lambda: recording)
    started = datetime.fromtimestamp(recording.started_s).astimezone()
    return Stretch(
        name=name,
        started=started.isoformat(timespec="milliseconds"),
        seconds=recording.seconds,
        frames=frames,
    )


def run_phase(name: PhaseName, seconds: float, meter: Meter) -> tuple[Phase, str]:
    """Let the machine do one thing, and nothing but the meter look.

    Returns:
        The phase, not summed yet, and why the meter failed; empty if it did not.
    """
    recording = Recording(meter)
    stretch = run_stretch(name, seconds, recording)
    return _not_summed(stretch, recording.samples), recording.error


def metered(meter: Meter, phases: Sequence[Phase]) -> Power:
    """Return what a report says of phases with a meter's samples.

    Raises:
        MeterError: there is a phase without samples.
    """
    return _with_cost(
        Power(
            meter=meter.name,
            covers=meter.covers,
            estimate=meter.estimate,
            range_w=meter.range_w,
            resolution_w=meter.resolution_w,
            rate_hz=meter.rate_hz,
            phases=tuple(_summed(phase, meter.rate_hz, meter.name) for phase in phases),
        )
    )


def from_csv(path: Path, stretches: Sequence[Stretch]) -> Power:
    """Return what a report says of a while that an external meter recorded into a CSV file.

    Raises:
        MeterError: the file can't be read, or has nothing of the time of one.
    """
    samples = read_csv(path)
    steps = [other.at_s - one.at_s for one, other in pairwise(samples)]
    rate_hz = 1.0 / max(statistics.median(steps), 1e-3)
    return _with_cost(
        Power(
            meter=CSV,
            covers="what an external meter saw and recorded",
            estimate=False,
            rate_hz=rate_hz,
            phases=tuple(_summed(_cut(samples, one), rate_hz, str(path)) for one in stretches),
        )
    )


def with_recording(report: Report, path: Path) -> Report:
    """Return a report with what an external meter recorded into a CSV file.

    Raises:
        ReportError: its power was not to be measured by one.
        MeterError: the file can't be read, or has nothing of the time of a run for power.
    """
    stretches: Sequence[Stretch] = report.unmetered
    if report.power and report.power.meter == CSV:
        stretches = report.power.phases
    if not stretches:
        raise ReportError(
            f"--power-csv: expected the report of a run with --meter external, got "
            f"{f'the meter {report.power.meter}' if report.power else 'no runs for power'}"
        )
    return replace(report, unmetered=(), power=from_csv(path, stretches))


def _cut(samples: Sequence[Sample], stretch: Stretch) -> Phase:
    began_s = datetime.fromisoformat(stretch.started).timestamp()
    return _not_summed(stretch, part(samples, began_s, stretch.seconds))


def _not_summed(stretch: Stretch, samples: Sequence[Sample]) -> Phase:
    return Phase(
        name=stretch.name,
        started=stretch.started,
        seconds=stretch.seconds,
        frames=stretch.frames,
        joules=0.0,
        mean_w=0.0,
        gaps_s=stretch.seconds,
        samples=tuple(samples),
    )


def _summed(phase: Phase, rate_hz: float, meter: str) -> Phase:
    joules, covered_s, _ = integrate(phase.samples, GAP_PERIODS / rate_hz)
    if covered_s <= 0.0:
        raise MeterError(
            f"{meter}: expected readings of the {phase.seconds:.0f} s of {phase.name!r} from "
            f"{phase.started} on, got {len(phase.samples)}",
            meter,
        )
    gaps_s = max(0.0, phase.seconds - covered_s)
    return replace(phase, joules=joules, mean_w=joules / covered_s, gaps_s=gaps_s)


def _with_cost(power: Power) -> Power:
    """Add what a frame of the phase flat out costs."""
    by_name = {phase.name: phase for phase in power.phases}
    flat_out, idle = by_name.get("flat out"), by_name.get("idle")
    if flat_out is None or not flat_out.frames:
        return power
    frame_s = flat_out.seconds / flat_out.frames
    above_idle = (flat_out.mean_w - idle.mean_w) * frame_s if idle else None
    return replace(
        power,
        joules_per_frame=flat_out.mean_w * frame_s,
        joules_per_frame_above_idle=above_idle,
    )
