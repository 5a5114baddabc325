"""Signals and stuck runs, each in a process of its own that logs every change of its pin."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

# A 10 s pulse is under way; the main thread then does what the test puts in for BODY.
SCRIPT = """
import sys, threading, time
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPin
from edge.settings import ShutterSettings
from edge.values import Decision
from edge.outputs.group import Outputs
from edge.service.signals import Stopper

class LoggedPin(MockPin):
    active = threading.Event()

    def _change_state(self, value):
        changed = super()._change_state(value)
        if changed:
            print(int(value), time.monotonic(), flush=True)
        if value:
            self.active.set()
        return changed

Device.pin_factory = MockFactory(pin_class=LoggedPin)
Stopper.GRACE_S = 0.3
settings = {"a": ShutterSettings(pin=5, pulse_s=10)}
with Stopper() as stopper:
    outputs = Outputs(settings, lambda event: None)
    stopper.on_stop = outputs.stop
    outputs.step(Decision(0.0, fire=True))
    LoggedPin.active.wait(10)
    print("ready", flush=True)
    try:
        BODY
    finally:
        outputs.close()
print("left", flush=True)
"""
WAITS = "stopper.stop.wait(60)"
HANGS = "time.sleep(60)"
HANGS_IN_C = "import ctypes; ctypes.CDLL(None).pause(); time.sleep(60)"
FAILS = f"stopper.on_stop = lambda: outputs.stop() or 1 / 0; {HANGS}"

SAFE_WITHIN_S = 0.2


def run(tmp_path: Path, body: str, signals: Sequence[signal.Signals]) -> tuple[int, list[str]]:
    """Return the exit code and what was printed at the end; check how soon the pin was safe."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.replace("BODY", body))
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("1 ")
        assert process.stdout.readline() == "ready\n"
        first = time.monotonic()
        for number in signals:
            process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
                break
        level, safe_at, *last = process.stdout.read().split()
    assert level == "0"
    assert float(safe_at) - first < SAFE_WITHIN_S
    return process.returncode, last


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_ends_the_run(tmp_path: Path, number: signal.Signals) -> None:
    assert run(tmp_path, WAITS, [number]) == (0, ["left"])


@pytest.mark.parametrize(
    ("body", "signals"),
    [
        (HANGS, [signal.SIGTERM]),
        (HANGS_IN_C, [signal.SIGTERM]),
        (HANGS, [signal.SIGTERM, signal.SIGINT]),  # the second ends it at once
        (FAILS, [signal.SIGTERM]),
    ],
)
def test_a_run_that_hangs_is_ended_with_the_pin_safe(
    tmp_path: Path, body: str, signals: Sequence[signal.Signals]
) -> None:
    assert run(tmp_path, body, signals) == (128 + signals[-1], [])


def test_reloads_do_not_put_off_the_end_of_a_run_that_hangs(tmp_path: Path) -> None:
    stops = [signal.SIGTERM, *[signal.SIGUSR1] * 200]
    started = time.monotonic()
    assert run(tmp_path, HANGS, stops) == (128 + signal.SIGTERM, [])
    assert time.monotonic() - started < 3.5  # 200 signals take 4 s


def test_a_reload_wakes_and_does_not_end(tmp_path: Path) -> None:
    body = (
        "assert stopper.wake.wait(10) and not stopper.stop.is_set(); "
        "stopper.wake.clear(); assert stopper.wake.wait(10); assert stopper.stop.wait(10)"
    )
    assert run(tmp_path, body, [signal.SIGUSR1, signal.SIGTERM]) == (0, ["left"])


def test_an_end_gets_through_a_storm_of_reloads(tmp_path: Path) -> None:
    """The main thread holds the interpreter meanwhile, so that the signal thread can't run."""
    body = (
        "import os, signal; libc = __import__('ctypes').PyDLL(None); libc.usleep(300_000); "
        "assert stopper.stop.wait(10)"
    )
    storm = [signal.SIGUSR1] * 3 + [signal.SIGTERM]
    assert run(tmp_path, body, storm) == (0, ["left"])
