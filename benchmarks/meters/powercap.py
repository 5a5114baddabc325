"""The energy counters of x86 processors (RAPL), by the kernel's powercap interface.

https://docs.kernel.org/power/powercap/powercap.html
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.meters.meter import Meter, MeterError, NoMeterError
from benchmarks.meters.sysfs import read_name, read_number


class PowercapMeter(Meter):
    """The power of all processor packages together.

    The parts of a package (core, uncore, dram), the zone of the whole platform (psys), which
    contains the packages, and a package's second counter (intel-rapl-mmio) are not added.

    Args:
        folder: of all zones, ``/sys/class/powercap``.
        clock: returns monotonic seconds.

    Raises:
        NoMeterError: the processor has no energy counter.
        MeterError: the counters may not be read.
    """

    name = "powercap"
    rate_hz = 10.0

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        packages = sorted(
            (zone, name)
            for zone in folder.glob("intel-rapl:*")
            if (name := read_name(zone)).startswith("package")
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
        self._clock = clock
        self._at_s, self._energies_uj = self._count()

    def _count(self) -> tuple[float, list[int]]:
        return self._clock(), [read_number(path) for path in self._spans_uj]

    def read(self) -> float:
        at_s, energies_uj = self._count()
        spent_uj = sum(
            (now - before) % span  # a counter wraps to 0 at its end
            for now, before, span in zip(
                energies_uj, self._energies_uj, self._spans_uj.values(), strict=True
            )
        )
        watts = spent_uj / 1e6 / (at_s - self._at_s)
        self._at_s, self._energies_uj = at_s, energies_uj
        return watts
