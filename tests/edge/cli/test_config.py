"""The contract of ``smile-gate config``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory


def test_check_names_the_outputs(
    smile_gate: Any, config: Path, pins: MockFactory, tmp_path: Path
) -> None:
    code, out, err = smile_gate("config", "check", "--config", config)
    assert (code, err) == (0, "")
    assert out == f"{config}: good; outputs: photo, low, door, pictures, hook\n"
    empty = tmp_path / "empty.toml"
    empty.touch()
    assert smile_gate("config", "check", "--config", empty)[1] == f"{empty}: good; outputs: none\n"
    assert smile_gate("config", "check")[1] == "without a file: good; outputs: shutter\n"
    assert not list(pins.pins)


def test_show_says_where_values_come_from(
    smile_gate: Any, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILE_GATE_TRIGGER__HOLD_S", "0.5")
    code, out, err = smile_gate("config", "show", "--config", config)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    for line in ("hold_s = 0.5  # environment", "open_s = 0.2  # file", "fps = 30.0  # default"):
        assert line in lines


def test_explain_says_what_a_setting_is(smile_gate: Any, config: Path) -> None:
    code, out, err = smile_gate("config", "explain", "outputs.door.open_s", "--config", config)
    assert (code, err) == (0, "")
    meaning, *_, now = out.splitlines()
    assert meaning == "outputs.door.open_s: shortest time open, s; at most max_open_s"
    assert now == "  now      0.2 (file)"
    assert "trigger.hold_s: " in smile_gate("config", "explain")[1]
