"""Power while the machine is idle, behind a camera, and flat out."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from msgspec.structs import replace

from benchmarks.measure.flat_out import ScenePlayer
from benchmarks.measure.frame_to_pin import at_camera_rate
from benchmarks.meters.csv_file import part, read_csv
from benchmarks.meters.meter import Meter, MeterError
from benchmarks.meters.recorder import Recorder, integrate
from benchmarks.report.report_json import ReportError
from benchmarks.report.schema import GAP_PERIODS, Phase, Power, Report, Sample, Stretch
from benchmarks.simulate.scenes import SMILES, WALKING

CSV = "csv"  # the name of a meter whose recording was read

PhaseName = Literal["idle", "camera rate", "flat out"]
Measured = Callable[[], AbstractContextManager[object]]
Recorded = tuple[Stretch, Sequence[Sample]]


def _idle(seconds: float, measured: Measured) -> int:
    with measured():
        time.sleep(seconds)
    return 0


def _camera_rate(seconds: float, measured: Measured) -> int:
    return at_camera_rate(SMILES[0], seconds, measured).frames


def _flat_out(seconds: float, measured: Measured) -> int:
    player = ScenePlayer(WALKING)
    player.run(1.0)
    with measured():
        return player.run(seconds)


PHASES: dict[PhaseName, Callable[[float, Measured], int]] = {
    "idle": _idle,
    "camera rate": _camera_rate,
    "flat out": _flat_out,
}


def run_phase(
    name: PhaseName, seconds: float, meter: Meter | None
) -> tuple[Stretch, Recorder | None]:
    """Keep the machine in a phase, while nothing but the meter, if there is any, is read.

    Returns:
        The phase, and the closed recorder of the meter.
    """
    started, took_s = "", 0.0
    recorder: Recorder | None = None

    @contextmanager
    def measured() -> Iterator[None]:
        nonlocal started, took_s, recorder
        started = datetime.now().astimezone().isoformat(timespec="milliseconds")
        began = time.monotonic()
        recorder = Recorder(meter) if meter else None
        with closing(recorder) if recorder else nullcontext():
            yield
            took_s = time.monotonic() - began

    frames = PHASES[name](seconds, measured)
    return Stretch(name=name, started=started, seconds=took_s, frames=frames), recorder


def metered(meter: Meter, recorded: Sequence[Recorded]) -> Power:
    """Return a report's figures of stretches with a meter's samples.

    Raises:
        MeterError: a stretch has no samples.
    """
    phases = tuple(_phase(*pair, meter.rate_hz, meter.name) for pair in recorded)
    return Power(
        meter=meter.name,
        covers=meter.covers,
        estimate=meter.estimate,
        range_w=meter.range_w,
        resolution_w=meter.resolution_w,
        rate_hz=meter.rate_hz,
        phases=phases,
        **_frame_cost(phases),
    )


def from_csv(path: Path, stretches: Sequence[Stretch]) -> Power:
    """Return a report's figures of stretches that an external meter recorded into a CSV file.

    Raises:
        MeterError: the file can't be read, or has no reading of a stretch.
    """
    samples = read_csv(path)
    steps = [later.at_s - sample.at_s for sample, later in pairwise(samples)]
    rate_hz = 1.0 / max(statistics.median(steps), 1e-3)
    phases = tuple(
        _phase(stretch, _cut(samples, stretch), rate_hz, str(path)) for stretch in stretches
    )
    return Power(
        meter=CSV,
        covers="what an external meter saw and recorded",
        estimate=False,
        rate_hz=rate_hz,
        phases=phases,
        **_frame_cost(phases),
    )


def with_recording(report: Report, path: Path) -> Report:
    """Return a report with what an external meter recorded into a CSV file.

    Raises:
        ReportError: the run had no external meter.
        MeterError: the file can't be read, or has no reading of a phase.
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


def _cut(samples: Sequence[Sample], stretch: Stretch) -> Sequence[Sample]:
    began_s = datetime.fromisoformat(stretch.started).timestamp()
    return part(samples, began_s, stretch.seconds)


def _phase(stretch: Stretch, samples: Sequence[Sample], rate_hz: float, meter: str) -> Phase:
    joules, covered_s, _ = integrate(samples, GAP_PERIODS / rate_hz)
    if covered_s <= 0.0:
        raise MeterError(
            f"{meter}: expected readings of the {stretch.seconds:.0f} s of {stretch.name!r} from "
            f"{stretch.started} on, got {len(samples)}",
            meter,
        )
    return Phase(
        name=stretch.name,
        started=stretch.started,
        seconds=stretch.seconds,
        frames=stretch.frames,
        joules=joules,
        mean_w=joules / covered_s,
        gaps_s=max(0.0, stretch.seconds - covered_s),
        samples=tuple(samples),
    )


def _frame_cost(phases: Sequence[Phase]) -> dict[str, Any]:
    """Return the energy of a frame, flat out, by the names of a report's fields."""
    by_name = {phase.name: phase for phase in phases}
    flat_out, idle = by_name.get("flat out"), by_name.get("idle")
    if flat_out is None or not flat_out.frames:
        return {}
    frame_s = flat_out.seconds / flat_out.frames
    cost = {"joules_per_frame": flat_out.mean_w * frame_s}
    if idle:
        cost["joules_per_frame_above_idle"] = (flat_out.mean_w - idle.mean_w) * frame_s
    return cost
