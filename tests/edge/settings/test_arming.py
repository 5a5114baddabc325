from __future__ import annotations

from pathlib import Path

import pytest

from edge.errors import ConfigError
from edge.settings import ArmingSettings
from edge.settings.load import load_configuration


@pytest.mark.parametrize(
    ("active", "window"),
    [
        ("", None),
        ("08:00-20:30", (480, 1230)),
        ("22:00-06:00", (1320, 360)),
        ("18:00-24:00", (1080, 0)),
    ],
)
def test_when_the_gate_is_armed(active: str, window: tuple[int, int] | None) -> None:
    assert ArmingSettings(active=active).window == window


@pytest.mark.parametrize(
    ("text", "key", "got"),
    [
        *(
            (f"active = '{active}'", "active", repr(active))
            for active in ("8-20", "8:00-20:00", "08:00", "08:00-24:01", "25:00-26:00")
        ),
        ("active = '08:00-08:00'", "active", "'08:00-08:00'"),
        ("active = '00:00-24:00'", "active", "'00:00-24:00'"),
        ("switch_pin = 17", "switch_pin", "17, which outputs.photo.pin uses"),
        ("switch_pin = 2", "switch_pin", "at 3.3 V while nobody drives it"),
        ("switch_level = 'on'", "switch_level", "'on'"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, key: str, got: str) -> None:
    file = tmp_path / "c.toml"
    file.write_text(f"[arming]\n{text}\n[outputs.photo]\nkind = 'shutter'\npin = 17\n")
    with pytest.raises(ConfigError) as caught:
        load_configuration(file, {})
    assert caught.value.key == f"arming.{key}"
    assert str(caught.value).endswith(got)
