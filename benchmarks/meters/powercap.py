"""The energy counters of x86 processors (RAPL), as the kernel's powercap shows them.

https://docs.kernel.org/power/powercap/powercap.html
"""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.meters import MeterError, NoMeterError
from benchmarks.meters.sysfs import read_number


class PowercapMeter:
    """All processor packages together.

    Their parts (core, uncore, dram) are not added, nor is the zone of the whole platform (psys),
    which has the packages in it, nor a package's second counter (intel-rapl-mmio).

    Args:
        folder: of all zones, ``/sys/class/powercap``.

    Raises:
        NoMeterError: there is no such counter.
        MeterError: the counters may not be read.
    """

    name = "powercap"
    estimate = False
    range_w: tuple[float, float] | None = None
    resolution_w: float | None = None
    rate_hz = 10.0

    def __init__(self, folder: Path) -> None:
        packages = sorted(
            (zone, name)
            for zone in folder.glob("intel-rapl:*")
            if (name := _name(zone)).startswith("package")
        )
        if not packages:
            raise NoMeterError(f"{folder}: expected the zone of a package, got none", folder)
        names = ", ".join(name for _, name in packages)
        self.covers = f"the processor ({names}); not memory, board, disks and power supply"
        self._spans_uj = {
            zone / "energy_uj": read_number(zone / "max_energy_range_uj") for zone, _ in packages
        }
        if min(self._spans_uj.values()) <= 0:
            raise MeterError(f"{folder}: expected max_energy_range_uj above 0, got 0", folder)
        self._at_s, self._energies_uj = self._count()

    def _count(self) -> tuple[float, list[int]]:
        return time.monotonic(), [read_number(path) for path in self._spans_uj]

    def read(self) -> float:
        at_s, energies_uj = self._count()
        used_uj = sum(
            (now - before) % span  # a counter begins anew at its end
            for now, before, span in zip(
                energies_uj, self._energies_uj, self._spans_uj.values(), strict=True
            )
        )
        watts = used_uj / 1e6 / (at_s - self._at_s)
        self._at_s, self._energies_uj = at_s, energies_uj
        return watts

    def close(self) -> None:
        """Do nothing: nothing is kept open."""


def _name(zone: Path) -> str:
    try:
        return (zone / "name").read_text().strip()
    except OSError:
        return ""
