"""Ways to call the smile-gate command."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from edge.cli import __main__ as cli

LONG_PULSE = """
[trigger]
cooldown_s = 10
[outputs.photo]
kind = "shutter"
pin = 22
pulse_s = 10
"""


@pytest.fixture
def smile_gate(capfd: pytest.CaptureFixture[str]) -> Any:
    """Run the command in this process; return (exit code, stdout, stderr), of the C parts too."""

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        capfd.readouterr()
        try:
            code = cli.main([str(argument) for argument in arguments])
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        out, err = capfd.readouterr()
        return code, out, err

    return call


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "edge.cli", *map(str, arguments)]


def records(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]
