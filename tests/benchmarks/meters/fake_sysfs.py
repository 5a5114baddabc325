"""Folders like the kernel's sysfs."""

from __future__ import annotations

from pathlib import Path


def write(folder: Path, **files: object) -> Path:
    """Write each file with a line in it, as the kernel does; no file for None."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        if content is not None:
            (folder / name).write_text(f"{content}\n")
    return folder


def ina219(sysfs: Path, number: int = 0, **files: object) -> Path:
    """Write the files of an INA219 on 0.1 ohm with 5.1 V and 1 A."""
    return write(
        sysfs / "class" / "hwmon" / f"hwmon{number}",
        **{
            "name": "ina219",
            "in0_input": 100,
            "in1_input": 5100,
            "curr1_input": 1000,
            "power1_input": 5_100_000,
            "shunt_resistor": 100_000,
            **files,
        },
    )


def package(sysfs: Path, number: int, energy_uj: int, span_uj: int = 262_143_328_850) -> Path:
    """Write the files of a processor package's energy counter, and return the counter."""
    zone = write(
        sysfs / "class" / "powercap" / f"intel-rapl:{number}",
        name=f"package-{number}",
        energy_uj=energy_uj,
        max_energy_range_uj=span_uj,
    )
    return zone / "energy_uj"
