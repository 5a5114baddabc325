from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with an output of each kind, and a few more."""
    file = tmp_path / "c.toml"
    file.write_text(
        """
        [camera]
        source = "demo"
        [outputs.photo]
        kind = "shutter"
        pin = 22
        pulse_s = 0.05
        [outputs.low]
        kind = "shutter"
        pin = 23
        pulse_s = 0.05
        active_high = false
        [outputs.door]
        kind = "gate"
        pin = 17
        open_s = 0.2
        [outputs.pictures]
        kind = "snapshot"
        folder = "pictures"
        min_free_mb = 10
        [outputs.hook]
        kind = "command"
        command = ["sh", "-c", "cat > $FILE"]
        """
        f"environment = {{FILE = '{tmp_path / 'heard.json'}'}}\n"
    )
    return file


@pytest.fixture
def long_pulse(tmp_path: Path) -> Path:
    """A configuration with one output, on GPIO 22, whose pulse does not end within a test."""
    file = tmp_path / "long.toml"
    file.write_text(
        "[trigger]\ncooldown_s = 10\n[outputs.photo]\nkind = 'shutter'\npin = 22\npulse_s = 10\n"
    )
    return file
