"""What a machine is, from folders like those of its kernel."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from benchmarks.measure import device
from benchmarks.measure.device import held_back, read_clock_mhz, read_device

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


def test_a_raspberry_pi_is_known_by_its_device_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    found = read_device(tree(tmp_path, PI_5))
    assert found.name == "raspberry-pi-5-model-b"
    assert found.model == "Raspberry Pi 5 Model B Rev 1.0"
    assert (found.revision, found.soc, found.memory_mb) == ("c04170", "bcm2712", 4035)
    assert found.os == "Debian GNU/Linux 12 (bookworm)"
    assert (found.governor, found.clock_mhz, found.cooling) == ("ondemand", 2400.0, ("pwm-fan",))
    assert not found.emulated
    assert found.cores == len(os.sched_getaffinity(0))
    assert found.runtimes["python"] == platform.python_version()
    assert {"numpy", "opencv", "gpiozero"} <= set(found.runtimes)
    assert all(number[0].isdecimal() for number in found.runtimes.values())


def test_a_workstation_is_known_by_its_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    found = read_device(tree(tmp_path, WORKSTATION))
    assert found.name == f"x86-64-{found.cores}-cores"
    assert found.model == "A Processor 9000"
    assert (found.revision, found.soc, found.governor) == ("", "", "")
    assert found.clock_mhz is None


@pytest.mark.parametrize(
    ("machine", "files"),
    [
        ("aarch64", {"proc/device-tree/fw-cfg@9020000/compatible": b"qemu,fw-cfg-mmio\0"}),
        ("aarch64", {"sys/class/dmi/id/sys_vendor": b"QEMU\n"}),
        ("x86_64", {"proc/cpuinfo": b"model name\t: QEMU TCG CPU version 2.5+\n"}),
    ],
    ids=["device tree", "DMI", "processor"],
)
def test_an_emulated_processor_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: str, files: dict[str, bytes]
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    found = read_device(tree(tmp_path, {**WORKSTATION, **files}))
    assert found.emulated
    assert found.name.startswith("emulated-")


def test_an_x86_guest_that_qemu_only_hosts_is_not_emulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    guest = {**WORKSTATION, "sys/class/dmi/id/sys_vendor": b"QEMU\n"}
    assert not read_device(tree(tmp_path, guest)).emulated


def test_who_knows_better_says_that_it_is_emulated(tmp_path: Path) -> None:
    found = read_device(tree(tmp_path, PI_5), emulated=True)
    assert found.name == "emulated-raspberry-pi-5-model-b"


def test_this_machine_is_read() -> None:
    found = read_device()
    assert found.memory_mb > 100
    assert found.os != ""
    assert found.kernel == platform.release()


def test_the_clock_is_that_of_the_fastest_core(tmp_path: Path) -> None:
    assert read_clock_mhz(tree(tmp_path / "pi", PI_5)) == 2400.0
    assert read_clock_mhz(tree(tmp_path / "pc", WORKSTATION)) == 3000.5
    assert read_clock_mhz(tmp_path / "nothing") is None


@pytest.mark.parametrize(
    ("said", "mhz"),
    [("frequency(0)=1800012544", 1800.012544), ("error=2 error_msg", 2400.0), ("", 2400.0)],
)
def test_the_firmware_is_asked_for_the_clock_first(tmp_path: Path, said: str, mhz: float) -> None:
    program = tmp_path / "vcgencmd"
    program.write_text(f'#!/bin/sh\ntest "$*" = "measure_clock arm" && echo "{said}"\n')
    program.chmod(0o755)
    assert read_clock_mhz(tree(tmp_path / "pi", PI_5)) == mhz


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, ""),
        ({f"{CLOCK}/scaling_governor": b"powersave\n"}, "powersave"),
        (
            {
                f"{CLOCK}/scaling_governor": b"powersave\n",
                f"{CLOCK}/scaling_driver": b"intel_pstate\n",
            },
            "",
        ),
        ({f"{CLOCK}/scaling_max_freq": b"1500000\n"}, "limited to 1500 of 2400 MHz"),
    ],
    ids=["free", "powersave", "Intel's powersave", "limited"],
)
def test_a_clock_that_is_held_back_is_told(
    tmp_path: Path, files: dict[str, bytes], words: str
) -> None:
    said = held_back(tree(tmp_path, {**PI_5, **files}))
    assert words in said
    assert bool(words) == bool(said)


def test_a_package_that_breaks_on_import_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_one.py").write_text("raise RuntimeError('another build')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(device, "PACKAGES", {"broken_one": "broken", "numpy": "numpy"})
    assert set(read_device().runtimes) == {"python", "numpy"}
