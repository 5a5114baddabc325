"""Kills ``smile-gate run`` at random moments and checks whether a pin is left active.

Each run is a fork of this process. Its pins are gpiozero's mock pins with levels in memory that is
shared with this process, as a board's pins outlive the program that drove them.
"""

from __future__ import annotations

import mmap
import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPin

from edge.cameras.demo import DemoCamera
from edge.cli.command import run_verb

CONFIG = """
[trigger]
hold_s = 0.05
cooldown_s = 0.5
neutral_first = false
max_per_minute = 600
[outputs.gate]
kind = "gate"
pin = 17
open_s = 20
[outputs.photo]
kind = "shutter"
pin = 27
pulse_s = 0.05
focus_pin = 22
focus_s = 0.05
burst = 3
burst_gap_s = 0.05
[outputs.lock]
kind = "gate"
pin = 23
open_s = 0.1
settle_s = 0.05
active_high = false
"""
SAFE_LEVELS = {17: 0, 27: 0, 22: 0, 23: 1}
SMILE = (1.2, 2.4)
"""The part of the built-in clip that is shown, in seconds: a smile that begins."""
LATEST_S = 1.2
"""Kills come at random within this time of the start; the first smile fires after some 0.4 s."""

levels = mmap.mmap(-1, 64)


class SharedPin(MockPin):  # type: ignore[misc]
    """A mock pin whose level another process can read, even after this process was killed."""

    def _change_state(self, value: bool) -> bool:
        changed = bool(super()._change_state(value))
        levels[int(self.info.name.removeprefix("GPIO"))] = int(self._state)
        return changed


def prepare(folder: Path) -> Path:
    """Write the pictures and the configuration; return the configuration's path."""
    pictures = folder / "smile"
    pictures.mkdir(parents=True, exist_ok=True)
    for frame in iter(DemoCamera().read, None):
        if SMILE[0] <= frame.time < SMILE[1]:
            cv2.imwrite(str(pictures / f"{frame.index:04}.png"), frame.grey)
    config = folder / "kills.toml"
    config.write_text(f'[camera]\nsource = "images:{pictures}@30"\n{CONFIG}')
    return config


def fork(arguments: Sequence[str]) -> int:
    """Run a command in a forked process; return its pid."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    try:
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, 1)
        os.dup2(devnull, 2)
        Device.pin_factory = MockFactory(pin_class=SharedPin)
        code = run_verb(arguments)
    except BaseException:  # noqa: BLE001  (a forked process must not return to the benchmark)
        code = 70
    os._exit(code)


def active() -> list[int]:
    """Return the pins that are not at their safe level."""
    return [pin for pin, level in SAFE_LEVELS.items() if levels[pin] != level]


def kill_once(config: Path, number: signal.Signals, after_s: float) -> tuple[float, bool, bool]:
    """Start a run, kill it, and after SIGKILL call ``smile-gate safe``.

    Returns:
        Seconds from SIGTERM until all pins were safe (0 for SIGKILL), whether a pin was active at
        the kill, and whether a pin was left active.
    """
    for pin, level in SAFE_LEVELS.items():
        levels[pin] = level
    pid = fork(["run", "--config", str(config), "--realtime"])
    time.sleep(after_s)
    was_active = bool(active())
    killed = time.perf_counter()
    os.kill(pid, number)
    safe_s = 0.0
    if number is signal.SIGTERM:
        while active() and time.perf_counter() - killed < 5.0:
            time.sleep(0.0005)
        safe_s = time.perf_counter() - killed
    os.waitpid(pid, 0)
    if number is signal.SIGKILL:
        os.waitpid(fork(["safe", "--config", str(config)]), 0)
    return safe_s, was_active, bool(active())


def kill_runs(count: int, folder: Path, seed: int = 5) -> dict[str, Any]:
    """Kill ``count`` runs at random moments, by SIGTERM and SIGKILL in turns.

    Returns:
        Kills, how many met an active pin, how many left a pin active, and the longest time from
        SIGTERM to safe pins in milliseconds.
    """
    cv2.setNumThreads(1)  # OpenCV's pool of threads would not survive a fork
    config = prepare(folder)
    rng = random.Random(seed)
    numbers = [signal.SIGKILL if index % 2 else signal.SIGTERM for index in range(count)]
    kills = [kill_once(config, number, rng.uniform(0.0, LATEST_S)) for number in numbers]
    safe_s, met, left = zip(*kills, strict=True)
    return {
        "kills": count,
        "met_active": sum(met),
        "left_active": sum(left),
        "longest_ms": max(safe_s) * 1e3,
    }
