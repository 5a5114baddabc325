"""hwmon chips: folders written as the drivers document them, and the kernel's own driver."""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.meters.hwmon import HwmonMeter, open_hwmon
from benchmarks.meters.meter import MeterError, NoMeterError
from benchmarks.meters.open import open_meter
from tests.benchmarks.meters.fake_sysfs import ina219, write
from tests.waiting import wait_until

INA226 = {"name": "ina226", "shunt_resistor": 10_000, "update_interval": 141}
INA260 = {"name": "ina260", "shunt_resistor": None, "update_interval": 35}


@pytest.mark.parametrize(
    ("files", "watts", "range_w", "resolution_w", "rate_hz"),
    [
        ({}, 5.1, (0.0, 3.2 * 5.1), 0.002, 20.0),
        (INA226, 5.1, (0.0, 8.192 * 5.1), 0.00625, 1000 / 141),
        (INA260, 5.1, (0.0, 15 * 5.1), 0.01, 20.0),
        ({"in1_input": 0, "power1_input": 0}, 0.0, None, 0.002, 20.0),
        ({"curr1_input": 1500, "power1_input": None}, 1.5 * 5.1, (0.0, 3.2 * 5.1), None, 20.0),
    ],
    ids=["INA219", "INA226 averages", "INA260 with its shunt inside", "no voltage", "no power"],
)
def test_a_current_sensor_shows_what_its_shunt_allows(
    files: dict[str, Any],
    watts: float,
    range_w: tuple[float, float] | None,
    resolution_w: float | None,
    rate_hz: float,
    tmp_path: Path,
) -> None:
    meter = HwmonMeter(ina219(tmp_path, **files))
    assert meter.read() == pytest.approx(watts)
    assert meter.name == f"hwmon {files.get('name', 'ina219')}"
    assert meter.covers == "all that flows through its shunt"
    assert not meter.estimate
    assert meter.range_w == pytest.approx(range_w)
    assert meter.resolution_w == pytest.approx(resolution_w)
    assert meter.rate_hz == pytest.approx(rate_hz)


def test_another_chip_has_no_known_range(tmp_path: Path) -> None:
    meter = HwmonMeter(write(tmp_path, name="power_meter", power1_average=42_000_000))
    assert meter.read() == pytest.approx(42.0)
    assert meter.covers == "what the chip power_meter measures"
    assert meter.range_w is None
    assert meter.resolution_w is None


def test_the_first_current_sensor_is_taken(tmp_path: Path) -> None:
    chips = tmp_path / "class" / "hwmon"
    write(chips / "hwmon0", name="cpu_thermal", temp1_input=50_000)
    write(chips / "hwmon1", name="amdgpu", power1_average=9_000_000)
    ina219(tmp_path, 10, power1_input=10_000_000)
    ina219(tmp_path, 9, power1_input=9_500_000)
    assert open_hwmon(chips).read() == pytest.approx(9.5)


def test_a_chip_that_measures_no_power_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, name="cpu_thermal", temp1_input=50_000, curr1_input=1, in0_input=1)
    with pytest.raises(NoMeterError, match=r"expected power1_input or .* got no such file"):
        HwmonMeter(folder)


def test_a_file_without_a_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MeterError, match="power1_input: expected a number, got 'N/A'"):
        HwmonMeter(ina219(tmp_path, power1_input="N/A"))


def modprobe(*arguments: str) -> bool:
    program = shutil.which("modprobe", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if program is None:
        return False
    return subprocess.run([program, *arguments], check=False, capture_output=True).returncode == 0


def write_register(bus: Path, address: int, register: int, value: int) -> None:
    """Write a word to a chip, high byte first (the SMBus call of i2c-dev)."""
    smbus_slave_force, smbus_call, smbus_write, word_data = 0x0706, 0x0720, 0, 3
    swapped = ctypes.c_uint16(int.from_bytes(value.to_bytes(2, "big"), "little"))
    call = struct.pack("@BBIP", smbus_write, register, word_data, ctypes.addressof(swapped))
    with bus.open("r+b", buffering=0) as file:
        fcntl.ioctl(file, smbus_slave_force, address)
        fcntl.ioctl(file, smbus_call, call)


@pytest.fixture
def stub_bus() -> Iterator[Path]:
    """Load the kernel's I2C bus without hardware; a chip on it has the registers it was given."""
    modules = (("i2c-stub", "chip_addr=0x40"), ("i2c-dev",), ("ina2xx",))
    try:
        if os.geteuid() != 0 or not all(modprobe(*module) for module in modules):
            pytest.skip("i2c-stub: needs root, and the kernel's modules i2c-stub, i2c-dev, ina2xx")
        (bus,) = (
            name.parent
            for name in Path("/sys/class/i2c-adapter").glob("i2c-*/name")
            if name.read_text().startswith("SMBus stub")
        )
        yield bus
    finally:
        modprobe("-r", "i2c-stub")


@pytest.mark.parametrize(
    ("chip", "settings", "registers", "most_amperes", "resolution_w", "rate_hz"),
    [
        ("ina219", {"shunt_resistor": 100_000}, {2: 1275 << 3, 3: 2550}, 3.2, 0.002, 20.0),
        (
            "ina226",
            {"shunt_resistor": 10_000, "update_interval": 140},
            {2: 4080, 3: 816},
            8.192,
            0.00625,
            1000 / 141,
        ),
    ],
)
def test_the_kernels_driver_on_a_bus_without_hardware(
    stub_bus: Path,
    chip: str,
    settings: dict[str, int],
    registers: dict[int, int],
    most_amperes: float,
    resolution_w: float,
    rate_hz: float,
) -> None:
    for register, value in registers.items():
        write_register(Path("/dev") / stub_bus.name, 0x40, register, value)
    (stub_bus / "new_device").write_text(f"{chip} 0x40\n")
    try:
        (folder,) = stub_bus.glob("*-0040/hwmon/hwmon*")
        write(folder, **settings)
        meter = open_meter(f"hwmon:{folder}")
        assert meter is not None
        assert meter.name == f"hwmon {chip}"
        assert meter.read() == pytest.approx(5.1)
        assert meter.resolution_w == pytest.approx(resolution_w)
        assert meter.range_w == pytest.approx((0.0, most_amperes * 5.1))
        assert meter.rate_hz == pytest.approx(rate_hz)
    finally:
        (stub_bus / "delete_device").write_text("0x40\n")
    wait_until(lambda: not folder.exists())
    with pytest.raises(MeterError, match="is the meter still there"):
        meter.read()
