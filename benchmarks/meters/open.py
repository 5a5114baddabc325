"""Opening the power meter that a SPEC names."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from benchmarks.meters.hwmon import HwmonMeter, open_hwmon
from benchmarks.meters.meter import Meter, MeterError, NoMeterError
from benchmarks.meters.pmic import PmicMeter
from benchmarks.meters.powercap import PowercapMeter

log = logging.getLogger(__name__)

EXTERNAL = "external"
KINDS = f"auto, none, pmic, hwmon, hwmon:FOLDER, powercap or {EXTERNAL}"
SYSFS = Path("/sys")


def open_meter(spec: str, sysfs: Path = SYSFS) -> Meter | None:
    """Open a power meter.

    Args:
        spec: a value of ``KINDS``. ``auto`` tries a current sensor of the kernel's ina2xx driver,
            which somebody attached in order to measure, then the Raspberry Pi 5's power chip, then
            the processor's energy counter; a meter that may not be read is skipped with a warning.
        sysfs: mount point of the kernel's sysfs.

    Returns:
        The meter; None for ``none``, for ``external``, which is recorded by another device, and for
        ``auto`` on a machine without a meter.

    Raises:
        NoMeterError: this machine does not have the named meter.
        MeterError: the meter may not be read, or the SPEC names no kind of meter.
    """
    hwmon, powercap = sysfs / "class" / "hwmon", sysfs / "class" / "powercap"
    kind, colon, folder = spec.partition(":")
    match kind:
        case "none" | "external" if not colon:
            return None
        case "auto" if not colon:
            return _open_first(
                lambda: open_hwmon(hwmon, others=False), PmicMeter, lambda: PowercapMeter(powercap)
            )
        case "pmic" if not colon:
            return PmicMeter()
        case "hwmon" if folder or not colon:
            return HwmonMeter(Path(folder)) if folder else open_hwmon(hwmon)
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
