"""Real GPIO character-device lines, of the kernel's simulated chip.

Recipe, as root, on a kernel with gpio-sim and with a pin library that gpiozero takes for a Pi's::

    modprobe gpio-sim
    cd /sys/kernel/config/gpio-sim && mkdir -p pi/bank0 && cd pi
    echo 54 > bank0/num_lines && echo pinctrl-bcm2711 > bank0/label && echo 1 > live

Then a line's level is in ``/sys/devices/platform/gpio-sim.0/gpiochipN/sim_gpioM/value``.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.edge.cli.commands import command
from tests.waiting import holds, wait_until

SIMULATED = next(Path("/sys/devices/platform").glob("gpio-sim.*/gpiochip*/sim_gpio27"), None)

pytestmark = [
    pytest.mark.skipif(SIMULATED is None, reason="gpio-sim: this kernel has no simulated lines"),
    pytest.mark.skipif(find_spec("lgpio") is None, reason="lgpio: the package is not here"),
]

CONFIG = """
[camera]
source = "demo"
[outputs.photo]
kind = "shutter"
pin = 17
pulse_s = 1.0
[outputs.gate]
kind = "gate"
pin = 22
open_s = 2
max_open_s = 20
hold_open_pin = 5
[outputs.long]
kind = "gate"
pin = 24
open_s = 60
max_open_s = 60
[outputs.inverse]
kind = "shutter"
pin = 23
pulse_s = 1.0
active_high = false
"""
SLOW = 60.0
"""Seconds that a command may take to start in an emulated machine."""


def level(pin: int) -> int:
    assert SIMULATED is not None
    return int((SIMULATED.parent / f"sim_gpio{pin}" / "value").read_text())


def pull(pin: int, direction: str) -> None:
    assert SIMULATED is not None
    (SIMULATED.parent / f"sim_gpio{pin}" / "pull").write_text(f"pull-{direction}")


def time_when(condition: Callable[[], bool]) -> float:
    wait_until(condition, SLOW)
    return time.monotonic()


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "lgpio")
    monkeypatch.setenv("LG_WD", str(tmp_path))
    pull(5, "up")
    path = tmp_path / "lines.toml"
    path.write_text(CONFIG)
    return path


def start(*arguments: str | Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command(*arguments), stderr=subprocess.DEVNULL)


@pytest.mark.parametrize(("name", "pin", "active"), [("photo", 17, 1), ("inverse", 23, 0)])
def test_a_pulse_on_a_line(config: Path, name: str, pin: int, active: int) -> None:
    with start("fire", name, "--config", config) as process:
        rose = time_when(lambda: level(pin) == active)
        fell = time_when(lambda: level(pin) != active)
    assert process.returncode == 0
    assert 0.9 < fell - rose < SLOW


def test_a_button_holds_the_gate_open(config: Path) -> None:
    with start("fire", "gate", "--config", config) as process:
        opened = time_when(lambda: level(22) == 1)
        pull(5, "down")  # the button closes to ground
        assert holds(lambda: level(22) == 1, 3.0)
        pull(5, "up")
        assert time_when(lambda: level(22) == 0) - opened > 3.0
    assert process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_makes_the_line_safe(config: Path, number: signal.Signals) -> None:
    with start("fire", "long", "--config", config) as process:
        time_when(lambda: level(24) == 1)
        process.send_signal(number)
        time_when(lambda: level(24) == 0)
    assert process.returncode == 0


def test_safe_after_a_kill(config: Path) -> None:
    with start("fire", "long", "--config", config) as process:
        time_when(lambda: level(24) == 1)
        process.kill()
    with start("safe", "--config", config) as process:
        pass
    assert process.returncode == 0
    assert (level(17), level(24)) == (0, 0)


def test_a_line_that_another_program_holds_is_named(config: Path) -> None:
    with start("fire", "long", "--config", config) as holder:
        time_when(lambda: level(24) == 1)
        done = subprocess.run(
            command("safe", "--config", config), check=False, capture_output=True, text=True
        )
        assert done.returncode == 2
        assert "outputs.long: expected GPIO 24 to be usable" in done.stderr
        assert "another program holds it" in done.stderr
        assert "photo: safe" in done.stdout
        assert level(24) == 1
        holder.send_signal(signal.SIGTERM)
