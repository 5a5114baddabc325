"""Ways to call the smile-gate command."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from gpiozero.pins.mock import MockPin

from edge.cli import __main__ as cli
from edge.settings import load
from tests.waiting import wait_until


@pytest.fixture
def smile_gate(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command in this process; return (exit code, stdout, stderr), of the C parts too. It
    takes no settings of this machine."""
    monkeypatch.setattr("edge.settings.load.INSTALLED", Path("/nowhere/smile-gate.toml"))

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        capfd.readouterr()
        try:
            code = cli.main([str(argument) for argument in arguments])
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        out, err = capfd.readouterr()
        return code, out, err

    return call


@contextmanager
def signal_when_active(pin: MockPin, number: signal.Signals) -> Iterator[None]:
    """Send this process a signal once the pin is active."""

    def wait_and_signal() -> None:
        try:
            wait_until(lambda: bool(pin.state), 20.0)
        finally:
            os.kill(os.getpid(), number)

    thread = threading.Thread(target=wait_and_signal)
    thread.start()
    yield
    thread.join()


def command(*arguments: str | Path) -> list[str]:
    if "--config" not in arguments and load.installed_file():
        pytest.skip(f"a gate is installed here: without --config its {load.INSTALLED} is taken")
    return [sys.executable, "-m", "edge.cli", *map(str, arguments)]


def records(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]
