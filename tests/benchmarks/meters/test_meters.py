"""Picking a meter, recording it and adding up what was recorded."""

from __future__ import annotations

import logging
import time
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.meters import (
    Meter,
    MeterError,
    NoMeterError,
    Recorder,
    integrate,
    open_meter,
)
from benchmarks.meters.hwmon import HwmonMeter
from benchmarks.meters.powercap import PowercapMeter
from benchmarks.report.schema import Sample
from tests.benchmarks.meters.trees import (
    ina219,
    package,
    readable_folder,
    unprivileged,
    write,
)
from tests.waiting import wait_until


@pytest.fixture(autouse=True)
def no_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No vcgencmd, wherever the tests run."""
    monkeypatch.setenv("PATH", str(tmp_path / "no programs"))


def opened(spec: str, sysfs: Path) -> Meter:
    meter = open_meter(spec, sysfs)
    assert meter is not None
    return meter


def test_none_is_none(tmp_path: Path) -> None:
    ina219(tmp_path)
    assert open_meter("none", tmp_path) is None


def test_auto_is_none_where_there_is_no_meter(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        assert open_meter("auto", tmp_path) is None
    assert not caplog.records


def test_auto_prefers_a_current_sensor_to_the_processors_counter(tmp_path: Path) -> None:
    package(tmp_path, 0, 0)
    assert isinstance(opened("auto", tmp_path), PowercapMeter)
    ina219(tmp_path)
    assert isinstance(opened("auto", tmp_path), HwmonMeter)


def test_auto_takes_no_other_chip(tmp_path: Path) -> None:
    write(tmp_path / "class" / "hwmon" / "hwmon0", name="amdgpu", power1_average=9_000_000)
    assert open_meter("auto", tmp_path) is None
    assert opened("hwmon", tmp_path).read() == pytest.approx(9.0)


def test_auto_warns_of_a_meter_that_may_not_be_read_and_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with readable_folder() as sysfs:
        (ina219(sysfs) / "power1_input").chmod(0)
        package(sysfs, 0, 0)
        with unprivileged():
            meter = opened("auto", sysfs)
    assert isinstance(meter, PowercapMeter)
    (record,) = caplog.records
    assert "hwmon0/power1_input: expected to read it" in record.message
    assert "run as root" in record.message


@pytest.mark.parametrize("spec", ["pmic", "hwmon", "hwmon:/sys/no/such", "powercap"])
def test_a_named_meter_that_is_missing_is_one_line(spec: str, tmp_path: Path) -> None:
    with pytest.raises(NoMeterError, match=r"expected .*, got") as caught:
        open_meter(spec, tmp_path)
    assert "\n" not in str(caught.value)
    assert caught.value.meter


@pytest.mark.parametrize("spec", ["", "rapl", "auto:", "none:x", "pmic:1", "powercap:0", "hwmon:"])
def test_an_unknown_meter_is_refused_with_those_there_are(spec: str, tmp_path: Path) -> None:
    with pytest.raises(MeterError, match=r"expected auto, none, pmic, hwmon, .* got") as caught:
        open_meter(spec, tmp_path)
    assert not isinstance(caught.value, NoMeterError)
    assert caught.value.meter == spec


def test_a_steady_power_integrates_to_power_times_time() -> None:
    samples = [Sample(second, 3.0) for second in (0.0, 0.5, 2.0, 2.1)]
    assert integrate(samples, gap_s=2.0) == pytest.approx((6.3, 2.1, 0.0))


def test_a_ramp_integrates_exactly_at_any_spacing() -> None:
    samples = [Sample(second, 2.0 * second) for second in (0.0, 0.3, 1.0, 4.0)]
    assert integrate(samples, gap_s=10.0) == pytest.approx((16.0, 4.0, 0.0))


def test_what_falls_into_a_gap_is_counted_and_not_invented() -> None:
    samples = [Sample(second, 5.0) for second in (0.0, 1.0, 2.0, 9.0, 10.0)]
    assert integrate(samples, gap_s=3.0) == pytest.approx((15.0, 3.0, 7.0))


@pytest.mark.parametrize("samples", [(), (Sample(1.0, 5.0),)])
def test_less_than_two_samples_cover_nothing(samples: tuple[Sample, ...]) -> None:
    assert integrate(samples, gap_s=1.0) == (0.0, 0.0, 0.0)


def test_a_recorder_samples_a_meter_until_it_is_closed(tmp_path: Path) -> None:
    folder = ina219(tmp_path)
    with closing(Recorder(opened("hwmon", tmp_path))) as recorder:
        wait_until(lambda: len(recorder.samples) >= 2)
        write(folder, power1_input=2_000_000)
        wait_until(lambda: recorder.samples[-1].watts == pytest.approx(2.0))
    count = len(recorder.samples)
    times = [sample.at_s for sample in recorder.samples]
    assert times == sorted(times)
    assert recorder.samples[0].watts == pytest.approx(5.1)
    assert recorder.error is None
    time.sleep(3 / HwmonMeter.MOST_HZ)
    assert len(recorder.samples) == count


def test_a_recorder_leaves_out_what_a_counter_counted_before_it(tmp_path: Path) -> None:
    counter = package(tmp_path, 0, 0)
    meter = opened("powercap", tmp_path)
    counter.write_text("900000000\n")
    with closing(Recorder(meter)) as recorder:
        wait_until(lambda: len(recorder.samples) >= 2)
    assert {sample.watts for sample in recorder.samples} == {0.0}


def test_a_meter_that_vanishes_leaves_what_was_sampled_and_says_so(tmp_path: Path) -> None:
    folder = ina219(tmp_path)
    with closing(Recorder(opened("hwmon", tmp_path))) as recorder:
        wait_until(lambda: len(recorder.samples) >= 2)
        (folder / "power1_input").unlink()
        wait_until(lambda: recorder.error is not None)
    assert len(recorder.samples) >= 2
    assert "power1_input: expected a number, got: No such file" in str(recorder.error)
    assert "is the meter still there?" in str(recorder.error)
