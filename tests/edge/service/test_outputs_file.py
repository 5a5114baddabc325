from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edge.service.outputs_file import FILE, read_outputs, write_outputs
from edge.settings import AnyOutputSettings, GateSettings, IndicatorSettings, ShutterSettings

OUTPUTS: Mapping[str, AnyOutputSettings] = {
    "photo": ShutterSettings(pin=17, focus_pin=27, pulse_s=0.3),
    "door": GateSettings(pin=22, active_high=False),
    "light": IndicatorSettings(rgb_pins=(5, 6, 13)),
}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    assert read_outputs(tmp_path) is None
    write_outputs(tmp_path, {})
    write_outputs(tmp_path, OUTPUTS)
    assert read_outputs(tmp_path) == OUTPUTS
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_an_invalid_file_is_none(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"photo": {"kind": "shutter"}}')
    assert read_outputs(tmp_path) is None
