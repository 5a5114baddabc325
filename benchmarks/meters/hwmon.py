"""Chips of the kernel's hwmon interface: current sensors on I2C, and other chips with power.

Names and units of the files: https://docs.kernel.org/hwmon/sysfs-interface.html
"""

from __future__ import annotations

import math
import re
from pathlib import Path

from msgspec import Struct

from benchmarks.meters.meter import Meter, NoMeterError
from benchmarks.meters.sysfs import read_name, read_number


class Sensor(Struct, frozen=True):
    """A type of chip that the kernel's ina2xx driver supports.

    Attributes:
        step_uv: smallest step of the voltage over the shunt, in microvolts.
        factor: step of the power divided by the step of the current (drivers/hwmon/ina2xx.c).
        most_mv: highest voltage over the shunt, in millivolts (data sheets of Texas Instruments;
            the driver sets the widest range of the INA219).
        shunt_uohm: resistance of a shunt in the chip, in microohms; 0 if the shunt is outside and
            the driver's file ``shunt_resistor`` has its resistance.
    """

    step_uv: float
    factor: int
    most_mv: float
    shunt_uohm: int = 0


SENSORS = {
    **dict.fromkeys(("ina219", "ina220"), Sensor(step_uv=10.0, factor=20, most_mv=320.0)),
    **dict.fromkeys(("ina226", "ina230", "ina231"), Sensor(step_uv=2.5, factor=25, most_mv=81.92)),
    "ina260": Sensor(step_uv=2.5, factor=8, most_mv=30.0, shunt_uohm=2000),
}
MOST_HZ = 20.0

INPUTS: tuple[dict[str, float], ...] = (
    {"power1_input": 1e-6},
    {"power1_average": 1e-6},
    {"curr1_input": 1e-3, "in1_input": 1e-3},
)
"""Files and the units of their numbers, whose product is watts; the first match is used."""


class HwmonMeter(Meter):
    """A chip that measures power.

    Args:
        folder: of the chip, such as ``/sys/class/hwmon/hwmon3``.

    Raises:
        NoMeterError: the folder is missing, or the chip measures no power.
        MeterError: the chip may not be read.
    """

    def __init__(self, folder: Path) -> None:
        chip = read_name(folder)
        self.name = f"hwmon {chip}".rstrip()
        self.covers = f"what the chip {chip} measures"
        self._files = _files(folder)
        if not self._files:
            expected = " or ".join(" and ".join(inputs) for inputs in INPUTS)
            raise NoMeterError(f"{folder}: expected {expected}, got no such file", folder)
        self.read()
        self.rate_hz = _rate_hz(folder)
        if chip in SENSORS:
            self.covers = "all that flows through its shunt"
            self._scale(folder, SENSORS[chip])

    def _scale(self, folder: Path, sensor: Sensor) -> None:
        shunt_uohm = sensor.shunt_uohm or read_number(folder / "shunt_resistor")
        volts = read_number(folder / "in1_input") / 1000.0
        if volts > 0:
            self.range_w = (0.0, sensor.most_mv * 1000.0 / shunt_uohm * volts)
        if folder / "power1_input" in self._files:
            self.resolution_w = sensor.factor * sensor.step_uv / shunt_uohm

    def read(self) -> float:
        return math.prod(read_number(path) * unit for path, unit in self._files.items())


def open_hwmon(folder: Path, *, others: bool = True) -> HwmonMeter:
    """Open the first chip of the ina2xx driver that measures power, or else the first other chip.

    Args:
        folder: of all chips, ``/sys/class/hwmon``.
        others: whether a chip of another driver will do.

    Raises:
        NoMeterError: no chip measures power.
        MeterError: the chip may not be read.
    """
    chips = sorted(folder.glob("hwmon*"), key=lambda chip: int(re.sub(r"\D", "", chip.name) or 0))
    sensors = [chip for chip in chips if read_name(chip) in SENSORS]
    for chip in sensors + (chips if others else []):
        if _files(chip):
            return HwmonMeter(chip)
    raise NoMeterError(f"{folder}: expected a chip that measures power, got none", folder)


def _files(folder: Path) -> dict[Path, float]:
    for inputs in INPUTS:
        if all((folder / file).exists() for file in inputs):
            return {folder / file: unit for file, unit in inputs.items()}
    return {}


def _rate_hz(folder: Path) -> float:
    interval = folder / "update_interval"
    if not interval.exists():
        return MOST_HZ
    return min(MOST_HZ, 1000.0 / max(1, read_number(interval)))
