from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.measure import power
from benchmarks.meters.meter import MeterError
from benchmarks.report.report_json import ReportError
from benchmarks.report.schema import Power, Sample, Stretch
from tests.benchmarks.report.example_report import POWER, full_report

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


class SteadyMeter:
    """Reads the same power each time, and fails after a number of readings."""

    name = "steady"
    covers = "nothing"
    estimate = False
    range_w: tuple[float, float] | None = (0.0, 10.0)
    resolution_w: float | None = 0.5

    def __init__(self, watts: float, readings: int = 10_000, rate_hz: float = 100.0) -> None:
        self.rate_hz = rate_hz
        self._left: Iterator[float] = iter(itertools.repeat(watts, readings))

    def read(self) -> float:
        for watts in self._left:
            return watts
        raise MeterError("steady: expected a reading, got none", self.name)


def recorded(
    name: Any, watts: float, seconds: float = 10.0, frames: int = 0, later: float = 0.0
) -> power.Recorded:
    started = (NOON + timedelta(seconds=later)).isoformat(timespec="milliseconds")
    samples = [Sample(at, watts) for at in range(round(seconds) + 1)]
    return Stretch(name=name, started=started, seconds=seconds, frames=frames), samples


@pytest.mark.parametrize("name", power.PHASES)
def test_the_meter_is_read_while_a_phase_goes_on(name: power.PhaseName) -> None:
    before = datetime.now().astimezone()
    stretch, recorder = power.run_phase(name, 0.3, SteadyMeter(4.0))
    assert recorder is not None
    assert recorder.error is None
    assert stretch.seconds >= 0.3
    assert datetime.fromisoformat(stretch.started) >= before - timedelta(milliseconds=1)
    assert {sample.watts for sample in recorder.samples} == {4.0}
    assert all(0 < sample.at_s <= stretch.seconds for sample in recorder.samples)
    assert (stretch.frames > 0) == (name != "idle")
    (phase,) = power.metered(SteadyMeter(4.0), [(stretch, recorder.samples)]).phases
    assert phase.mean_w == pytest.approx(4.0)
    assert phase.joules == pytest.approx(4.0 * (phase.seconds - phase.gaps_s))


def test_a_frame_costs_what_flat_out_takes() -> None:
    meter = SteadyMeter(1.0, rate_hz=1.0)
    phases = [recorded("idle", 2.0), recorded("camera rate", 3.0, frames=300)]
    assert power.metered(meter, phases).joules_per_frame is None
    measured = power.metered(meter, [*phases, recorded("flat out", 5.0, frames=1000)])
    assert measured.joules_per_frame == pytest.approx(0.05)
    assert measured.joules_per_frame_above_idle == pytest.approx(0.03)
    assert (measured.meter, measured.range_w, measured.resolution_w) == ("steady", (0.0, 10.0), 0.5)


def test_gaps_are_left_out_and_reported() -> None:
    stretch, samples = recorded("idle", 2.0, seconds=30.0)
    with_gap = [sample for sample in samples if not 10.0 < sample.at_s < 20.0]
    (measured,) = power.metered(SteadyMeter(1.0, rate_hz=1.0), [(stretch, with_gap)]).phases
    assert (measured.joules, measured.mean_w, measured.gaps_s) == (40.0, 2.0, 10.0)


def test_readings_before_a_meter_vanished_are_kept() -> None:
    stretch, recorder = power.run_phase("idle", 0.3, SteadyMeter(4.0, readings=11))
    assert recorder is not None
    assert str(recorder.error) == "steady: expected a reading, got none"
    assert len(recorder.samples) == 10
    (phase,) = power.metered(SteadyMeter(4.0), [(stretch, recorder.samples)]).phases
    assert phase.mean_w == pytest.approx(4.0)
    assert phase.gaps_s > 0


def test_a_phase_without_readings_is_refused() -> None:
    stretch, _ = power.run_phase("idle", 0.02, SteadyMeter(4.0, readings=0))
    with pytest.raises(MeterError, match=r"expected readings of the 0 s of 'idle' from .*, got 0"):
        power.metered(SteadyMeter(4.0), [(stretch, ())])


def recording(folder: Path, watts: Iterable[tuple[int, float]]) -> Path:
    """Write an external meter's CSV file: seconds since noon, watts."""
    file = folder / "usb.csv"
    rows = (f"{(NOON + timedelta(seconds=at)).isoformat()},{power}\n" for at, power in watts)
    file.write_text("time,power\n" + "".join(rows))
    return file


def test_a_recording_is_cut_by_the_phases_times(tmp_path: Path) -> None:
    file = recording(tmp_path, [(at, 2.0 if at < 12 else 6.0) for at in range(-5, 30)])
    idle, _ = recorded("idle", 0.0)
    flat_out, _ = recorded("flat out", 0.0, frames=100, later=14.0)
    measured = power.from_csv(file, [idle, flat_out])
    assert [phase.mean_w for phase in measured.phases] == [2.0, 6.0]
    assert measured.phases[0].samples[0] == Sample(0.0, 2.0)
    assert measured.rate_hz == pytest.approx(1.0)
    assert measured.joules_per_frame == pytest.approx(0.6)
    with pytest.raises(MeterError, match=r"usb\.csv: expected readings"):
        power.from_csv(file, [recorded("idle", 0.0, later=3600.0)[0]])


def test_a_recording_of_whole_seconds_has_no_gaps(tmp_path: Path) -> None:
    file = recording(tmp_path, [(at // 10, 3.0) for at in range(-50, 300)])
    measured = power.from_csv(file, [recorded("idle", 0.0)[0]])
    assert measured.rate_hz == pytest.approx(1.0)
    assert (measured.phases[0].mean_w, measured.phases[0].gaps_s) == pytest.approx((3.0, 0.0))


@pytest.mark.parametrize("of_another", [None, POWER])
def test_a_recording_has_no_place_in_a_report_of_another_meter(
    of_another: Power | None, tmp_path: Path
) -> None:
    with pytest.raises(ReportError, match="expected the report of a run with --meter external"):
        power.with_recording(full_report(power=of_another), tmp_path / "usb.csv")


def test_idle_is_idle() -> None:
    cpu = time.process_time()
    power.run_phase("idle", 0.3, None)
    assert time.process_time() - cpu < 0.2
