"""What machine this is: facts on which timings depend."""

from __future__ import annotations

import importlib
import os
import platform
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.metadata import packages_distributions, version
from pathlib import Path

from benchmarks.report.schema import Device

ROOT = Path("/")
CPUFREQ = Path("sys/devices/system/cpu/cpu0/cpufreq")
PACKAGES = {
    "numpy": "numpy",
    "cv2": "opencv",
    "ai_edge_litert": "ai-edge-litert",
    "tflite_runtime": "tflite-runtime",
    "gpiozero": "gpiozero",
    "libcamera": "libcamera",
    "picamera2": "picamera2",
}
"""Names of packages in a report, by their modules."""


def read_device(
    root: Path = ROOT,
    *,
    emulated: bool = False,
    architecture: str = platform.machine(),
    packages: Mapping[str, str] = PACKAGES,
) -> Device:
    """Return what the kernel, the system and Python say of this machine.

    Args:
        root: the folder of ``proc``, ``sys`` and ``etc``.
        emulated: the processor is emulated, even if no file shows it.
        architecture: as ``uname -m`` prints it.
        packages: the modules whose versions are read, with the packages' names in a report.
    """
    tree = root / "proc/device-tree"
    cpuinfo = _read(root / "proc/cpuinfo")
    cores = len(os.sched_getaffinity(0))
    board = _read(tree / "model")
    emulated = emulated or _is_qemu(root, architecture, cpuinfo)
    name = _slug(board) if board else f"{architecture.replace('_', '-')}-{cores}-cores"
    return Device(
        name=f"emulated-{name}" if emulated else name,
        model=board or _field(cpuinfo, "model name") or "unknown",
        revision=_bytes(tree / "system/linux,revision").hex().lstrip("0"),
        soc=_read(tree / "compatible").rpartition("\0")[2].rpartition(",")[2],
        cores=cores,
        memory_mb=int(_field(_read(root / "proc/meminfo"), "MemTotal").split()[0]) // 1024,
        architecture=architecture,
        os=_field(_read(root / "etc/os-release"), "PRETTY_NAME").strip("'\"") or platform.system(),
        kernel=platform.release(),
        governor=_read(root / CPUFREQ / "scaling_governor"),
        clock_mhz=max(_clocks_mhz(root, "cpuinfo_max_freq"), default=None),
        cooling=tuple(
            _read(path) for path in sorted(root.glob("sys/class/thermal/cooling_device*/type"))
        ),
        emulated=emulated,
        runtimes={"python": platform.python_version(), **dict(_versions(packages))},
    )


def read_clock_mhz(root: Path = ROOT) -> float | None:
    """Return the clock of the processor's fastest core now; None where no file shows it.

    A Raspberry Pi's firmware is asked first: the kernel knows only the clock that it requested.
    """
    with suppress(OSError, subprocess.SubprocessError, ValueError):
        output = subprocess.run(
            ["vcgencmd", "measure_clock", "arm"],  # noqa: S607  (its folder differs)
            capture_output=True,
            text=True,
            timeout=2.0,
            check=True,
        ).stdout
        return int(output.partition("frequency(")[2].partition("=")[2]) / 1e6
    clocks = _clocks_mhz(root, "scaling_cur_freq")
    if not clocks:
        cpuinfo = _read(root / "proc/cpuinfo")
        clocks = [float(mhz) for mhz in re.findall(r"(?m)^cpu MHz\s*: ([0-9.]+)", cpuinfo)]
    return max(clocks, default=None)


def clock_limit(root: Path = ROOT) -> str:
    """Return what keeps the kernel from raising the clock, in words; empty if nothing does."""
    policy = root / CPUFREQ
    governor, driver = _read(policy / "scaling_governor"), _read(policy / "scaling_driver")
    # With Intel's and AMD's own drivers a governor of this name follows the load.
    if governor == "powersave" and not driver.startswith(("intel_pstate", "amd-pstate")):
        return "the governor of the processor's clock is powersave"
    highest, allowed = _clocks_mhz(root, "cpuinfo_max_freq"), _clocks_mhz(root, "scaling_max_freq")
    if highest and allowed and max(allowed) < max(highest):
        return f"the processor's clock is limited to {max(allowed):.0f} of {max(highest):.0f} MHz"
    return ""


def _clocks_mhz(root: Path, file: str) -> list[float]:
    paths = root.glob(f"sys/devices/system/cpu/cpu[0-9]*/cpufreq/{file}")
    return [int(khz) / 1000.0 for khz in map(_read, paths) if khz.isdecimal()]


def _is_qemu(root: Path, architecture: str, cpuinfo: str) -> bool:
    """Tell whether QEMU emulates the processor; a 64-bit Arm guest on a host of Arm counts too."""
    if architecture.startswith("x86"):
        return "QEMU TCG" in cpuinfo
    in_tree = any((root / "proc/device-tree").glob("fw-cfg*"))
    return in_tree or _read(root / "sys/class/dmi/id/sys_vendor") == "QEMU"


def _versions(packages: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    distributions = packages_distributions()
    for name, known_as in packages.items():
        try:
            module = importlib.import_module(name)
        except Exception:  # noqa: BLE001,S112  (a package of another build may raise anything)
            continue
        if known := distributions.get(name):
            yield known_as, version(known[0])
        elif name == "libcamera":
            yield known_as, str(module.CameraManager.version)
        else:
            yield known_as, str(getattr(module, "__version__", "?"))


def _slug(board: str) -> str:
    """Return a board's name without its revision, as the name of a folder."""
    plain = board.partition(" Rev ")[0].lower().replace("+", " plus")
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _field(text: str, name: str) -> str:
    match = re.search(rf"^{name}\s*[:=] *(.*)$", text, re.MULTILINE)
    return match[1] if match else ""


def _read(path: Path) -> str:
    return _bytes(path).decode(errors="replace").strip("\0 \n")


def _bytes(path: Path) -> bytes:
    with suppress(OSError):
        return path.read_bytes()
    return b""
