"""What a machine is, from folders like those of its kernel."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from benchmarks.machine.device import clock_limit, read_clock_mhz, read_device

PI_5 = {
    "proc/device-tree/model": b"Raspberry Pi 5 Model B Rev 1.0\0",
    "proc/device-tree/compatible": b"raspberrypi,5-model-b\0brcm,bcm2712\0",
    "proc/device-tree/system/linux,revision": bytes.fromhex("00c04170"),
    "proc/meminfo": b"MemTotal:        4132816 kB\nMemFree:         2000000 kB\n",
    "proc/cpuinfo": b"processor\t: 0\nBogoMIPS\t: 108.00\n",
    "etc/os-release": b'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\n',
    "sys/class/thermal/cooling_device0/type": b"pwm-fan\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": b"ondemand\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_driver": b"cpufreq-dt\n",
    "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq": b"2400000\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_max_freq": b"2400000\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": b"1500000\n",
    "sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq": b"2400000\n",
}
CLOCK = "sys/devices/system/cpu/cpu0/cpufreq"
WORKSTATION = {
    "proc/meminfo": b"MemTotal:       16000000 kB\n",
    "proc/cpuinfo": b"model name\t: A Processor 9000\ncpu MHz\t\t: 2000.0\n\ncpu MHz\t\t: 3000.5\n",
}


def tree(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.fixture(autouse=True)
def _no_vcgencmd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


def test_a_raspberry_pi_is_known_by_its_device_tree(tmp_path: Path) -> None:
    device = read_device(tree(tmp_path, PI_5), architecture="aarch64")
    assert device.name == "raspberry-pi-5-model-b"
    assert device.model == "Raspberry Pi 5 Model B Rev 1.0"
    assert (device.revision, device.soc, device.memory_mb) == ("c04170", "bcm2712", 4035)
    assert device.os == "Debian GNU/Linux 12 (bookworm)"
    assert (device.governor, device.clock_mhz, device.cooling) == ("ondemand", 2400.0, ("pwm-fan",))
    assert not device.emulated
    assert device.cores == len(os.sched_getaffinity(0))
    assert device.runtimes["python"] == platform.python_version()
    assert {"numpy", "opencv", "gpiozero"} <= set(device.runtimes)
    assert all(number[0].isdecimal() for number in device.runtimes.values())


def test_a_workstation_is_known_by_its_processor(tmp_path: Path) -> None:
    device = read_device(tree(tmp_path, WORKSTATION), architecture="x86_64")
    assert device.name == f"x86-64-{device.cores}-cores"
    assert device.model == "A Processor 9000"
    assert (device.revision, device.soc, device.governor) == ("", "", "")
    assert device.clock_mhz is None


@pytest.mark.parametrize(
    ("architecture", "files", "emulated"),
    [
        ("aarch64", {"proc/device-tree/fw-cfg@9020000/compatible": b"qemu,fw-cfg-mmio\0"}, True),
        ("aarch64", {"sys/class/dmi/id/sys_vendor": b"QEMU\n"}, True),
        ("x86_64", {"proc/cpuinfo": b"model name\t: QEMU TCG CPU version 2.5+\n"}, True),
        ("x86_64", {"sys/class/dmi/id/sys_vendor": b"QEMU\n"}, False),
    ],
    ids=["device tree", "DMI", "processor", "QEMU only hosts"],
)
def test_an_emulated_processor_is_known(
    tmp_path: Path, architecture: str, files: dict[str, bytes], emulated: bool
) -> None:
    device = read_device(tree(tmp_path, {**WORKSTATION, **files}), architecture=architecture)
    assert device.emulated == device.name.startswith("emulated-") == emulated


def test_this_machine_is_read() -> None:
    device = read_device()
    assert device.memory_mb > 100
    assert device.os != ""
    assert device.kernel == platform.release()


def test_the_clock_is_that_of_the_fastest_core(tmp_path: Path) -> None:
    assert read_clock_mhz(tree(tmp_path / "pi", PI_5)) == 2400.0
    assert read_clock_mhz(tree(tmp_path / "pc", WORKSTATION)) == 3000.5
    assert read_clock_mhz(tmp_path / "nothing") is None


@pytest.mark.parametrize(
    ("output", "mhz"),
    [("frequency(0)=1800012544", 1800.012544), ("error=2 error_msg", 2400.0), ("", 2400.0)],
)
def test_the_firmware_is_asked_for_the_clock_first(tmp_path: Path, output: str, mhz: float) -> None:
    program = tmp_path / "vcgencmd"
    program.write_text(f'#!/bin/sh\ntest "$*" = "measure_clock arm" && echo "{output}"\n')
    program.chmod(0o755)
    assert read_clock_mhz(tree(tmp_path / "pi", PI_5)) == mhz


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, ""),
        ({"scaling_governor": b"powersave\n"}, "powersave"),
        ({"scaling_governor": b"powersave\n", "scaling_driver": b"intel_pstate\n"}, ""),
        ({"scaling_max_freq": b"1500000\n"}, "limited to 1500 of 2400 MHz"),
    ],
    ids=["free", "powersave", "Intel's powersave", "limited"],
)
def test_a_limit_of_the_clock_is_named(tmp_path: Path, files: dict[str, bytes], words: str) -> None:
    tree(tree(tmp_path, PI_5) / CLOCK, files)
    limit = clock_limit(tmp_path)
    assert words in limit
    assert bool(words) == bool(limit)


def test_a_package_that_breaks_on_import_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_package.py").write_text("raise RuntimeError('another build')")
    monkeypatch.syspath_prepend(tmp_path)
    device = read_device(packages={"broken_package": "broken", "numpy": "numpy"})
    assert set(device.runtimes) == {"python", "numpy"}
