from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from edge.errors import OutputError
from edge.service import driven_outputs
from edge.settings import AnyOutputSettings, GateSettings, IndicatorSettings, ShutterSettings

OUTPUTS: Mapping[str, AnyOutputSettings] = {
    "photo": ShutterSettings(pin=17, focus_pin=27, pulse_s=0.3),
    "door": GateSettings(pin=22, active_high=False),
    "light": IndicatorSettings(rgb_pins=(5, 6, 13)),
}


def test_what_is_noted_comes_back(tmp_path: Path) -> None:
    assert driven_outputs.noted(tmp_path) is None
    driven_outputs.note(tmp_path, {})
    driven_outputs.note(tmp_path, OUTPUTS)
    assert driven_outputs.noted(tmp_path) == OUTPUTS
    assert [path.name for path in tmp_path.iterdir()] == [driven_outputs.FILE]


def test_what_is_no_note_is_none(tmp_path: Path) -> None:
    (tmp_path / driven_outputs.FILE).write_text('{"photo": {"kind": "shutter"}}')
    assert driven_outputs.noted(tmp_path) is None


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"gone/outputs\.json: expected a file to write to, got"):
        driven_outputs.note(tmp_path / "gone", OUTPUTS)
