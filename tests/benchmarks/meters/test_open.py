from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.meters.hwmon import HwmonMeter
from benchmarks.meters.meter import Meter, MeterError, NoMeterError
from benchmarks.meters.open import open_meter
from benchmarks.meters.powercap import PowercapMeter
from tests.benchmarks.meters.fake_sysfs import ina219, package, write
from tests.unprivileged import unprivileged


@pytest.fixture(autouse=True)
def no_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No vcgencmd, wherever the tests run."""
    monkeypatch.setenv("PATH", str(tmp_path / "no programs"))


@pytest.fixture
def readable_folder() -> Iterator[Path]:
    """A folder that other users can look into; pytest's own are closed to them."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def opened(spec: str, sysfs: Path) -> Meter:
    meter = open_meter(spec, sysfs)
    assert meter is not None
    return meter


@pytest.mark.parametrize("spec", ["none", "external"])
def test_none_and_external_open_no_meter(spec: str, tmp_path: Path) -> None:
    ina219(tmp_path)
    assert open_meter(spec, tmp_path) is None


def test_the_chip_that_is_named_is_opened(tmp_path: Path) -> None:
    ina219(tmp_path, 9)
    chip = ina219(tmp_path, 10, power1_input=10_000_000)
    assert opened(f"hwmon:{chip}", tmp_path).read() == pytest.approx(10.0)


def test_auto_opens_no_meter_where_the_machine_has_none(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
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


def test_auto_skips_a_meter_that_may_not_be_read_with_a_warning(
    readable_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (ina219(readable_folder) / "power1_input").chmod(0)
    package(readable_folder, 0, 0)
    with unprivileged():
        meter = opened("auto", readable_folder)
    assert isinstance(meter, PowercapMeter)
    (record,) = caplog.records
    assert "hwmon0/power1_input: expected to read it" in record.message
    assert "run as root" in record.message


@pytest.mark.parametrize("spec", ["hwmon", "powercap"])
def test_no_permission_is_one_line_with_what_mends_it(spec: str, readable_folder: Path) -> None:
    sensor, counter = ina219(readable_folder), package(readable_folder, 0, 0)
    files = {"hwmon": sensor / "power1_input", "powercap": counter}
    files[spec].chmod(0)
    with unprivileged(), pytest.raises(MeterError, match="Permission denied") as caught:
        open_meter(spec, readable_folder)
    assert not isinstance(caught.value, NoMeterError)
    assert f"run as root, or `sudo chmod a+r {files[spec]}`" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("spec", ["pmic", "hwmon", "hwmon:/sys/no/such", "powercap"])
def test_a_named_meter_that_is_missing_is_an_error_of_one_line(spec: str, tmp_path: Path) -> None:
    with pytest.raises(NoMeterError, match=r"expected .*, got") as caught:
        open_meter(spec, tmp_path)
    assert "\n" not in str(caught.value)
    assert caught.value.meter


@pytest.mark.parametrize("spec", ["", "rapl", "auto:", "none:x", "pmic:1", "powercap:0", "hwmon:"])
def test_an_unknown_meter_is_refused_with_the_list_of_kinds(spec: str, tmp_path: Path) -> None:
    with pytest.raises(MeterError, match=r"expected auto, none, pmic, hwmon, .* got") as caught:
        open_meter(spec, tmp_path)
    assert not isinstance(caught.value, NoMeterError)
    assert caught.value.meter == spec
