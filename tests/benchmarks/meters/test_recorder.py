from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.meters.hwmon import HwmonMeter
from benchmarks.meters.meter import MeterError
from benchmarks.meters.powercap import PowercapMeter
from benchmarks.meters.recorder import Recorder, integrate
from benchmarks.report.schema import Sample
from tests.benchmarks.meters.fake_sysfs import ina219, package, write
from tests.waiting import wait_until


@pytest.mark.parametrize(
    ("at_s", "watts", "gap_s", "expected"),
    [
        ((0.0, 0.5, 2.0, 2.1), (3.0, 3.0, 3.0, 3.0), 2.0, (6.3, 2.1, 0.0)),
        ((0.0, 0.3, 1.0, 4.0), (0.0, 0.6, 2.0, 8.0), 10.0, (16.0, 4.0, 0.0)),
        ((0.0, 1.0, 2.0, 9.0, 10.0), (5.0,) * 5, 3.0, (15.0, 3.0, 7.0)),
        ((), (), 1.0, (0.0, 0.0, 0.0)),
        ((1.0,), (5.0,), 1.0, (0.0, 0.0, 0.0)),
    ],
    ids=["steady", "ramp", "gap", "no sample", "one sample"],
)
def test_power_is_integrated_between_gaps(
    at_s: tuple[float, ...],
    watts: tuple[float, ...],
    gap_s: float,
    expected: tuple[float, float, float],
) -> None:
    samples = [Sample(*pair) for pair in zip(at_s, watts, strict=True)]
    assert integrate(samples, gap_s) == pytest.approx(expected)


def test_a_recorder_samples_a_meter_until_it_is_closed(tmp_path: Path) -> None:
    folder = ina219(tmp_path)
    before = set(threading.enumerate())
    with closing(Recorder(HwmonMeter(folder))) as recorder:
        wait_until(lambda: len(recorder.samples) >= 2)
        write(folder, power1_input=2_000_000)
        wait_until(lambda: recorder.samples[-1].watts == pytest.approx(2.0))
    assert set(threading.enumerate()) == before, "a thread that may still add samples"
    times = [sample.at_s for sample in recorder.samples]
    assert times == sorted(times)
    assert recorder.samples[0].watts == pytest.approx(5.1)
    assert recorder.error is None


def test_a_recorder_leaves_out_what_a_counter_counted_before_it(tmp_path: Path) -> None:
    counter = package(tmp_path, 0, 0)
    meter = PowercapMeter(counter.parents[1])
    counter.write_text("900000000\n")
    with closing(Recorder(meter)) as recorder:
        wait_until(lambda: len(recorder.samples) >= 2)
    assert {sample.watts for sample in recorder.samples} == {0.0}


def test_a_meter_that_vanishes_leaves_its_samples_and_an_error(tmp_path: Path) -> None:
    folder = ina219(tmp_path)
    with closing(Recorder(HwmonMeter(folder))) as recorder:
        wait_until(lambda: len(recorder.samples) >= 2)
        (folder / "power1_input").unlink()
        wait_until(lambda: recorder.error is not None)
    assert len(recorder.samples) >= 2
    assert isinstance(recorder.error, MeterError)
    assert "power1_input: expected a number, got: No such file" in str(recorder.error)
    assert "is the meter still there?" in str(recorder.error)
