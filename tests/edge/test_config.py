from __future__ import annotations

from pathlib import Path

import pytest

from edge import config
from edge.errors import ConfigError
from edge.settings import SHIPPED_BUNDLE, Settings, ShutterSettings, TriggerSettings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "smile-gate.toml"


def test_without_a_file_there_is_one_shutter() -> None:
    assert Settings().outputs == {"shutter": ShutterSettings(pin=17)}


def test_an_empty_file_drives_no_pin(file: Path) -> None:
    file.write_text("")
    settings = config.load(file, {}).settings
    assert settings.outputs == {}
    assert settings.trigger == TriggerSettings(neutral_first=False)
    assert settings.model.bundle == str(SHIPPED_BUNDLE)


def test_what_is_named_is_set_and_the_rest_is_default(file: Path) -> None:
    file.write_text(
        """
        [camera]
        source = "v4l2:/dev/video1"
        [model]
        bundle = "my-model"
        [trigger]
        hold_s = 1
        [outputs.left]
        kind = "shutter"
        pin = 5
        [outputs.right]
        kind = "shutter"
        pin = 6
        pulse_s = 0.5
        active_high = false
        """
    )
    settings = config.load(file, {}).settings
    assert settings.camera.source == "v4l2:/dev/video1"
    assert settings.camera.width == 640
    assert settings.model.bundle == str(file.parent / "my-model")
    assert settings.trigger == TriggerSettings(hold_s=1.0, neutral_first=False)
    assert settings.outputs == {
        "left": ShutterSettings(pin=5),
        "right": ShutterSettings(pin=6, pulse_s=0.5, active_high=False),
    }


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        ("[triger]", "triger", "triger: expected a section among camera, model, faces"),
        ("hold_s = 1", "hold_s", "hold_s: expected a section among"),
        ("camera = 3", "camera", r"camera: expected a table \[camera\], got 3"),
        ("[trigger]\nhold = 1", "trigger.hold", "trigger.hold: expected a key among threshold_on"),
        ("[trigger]\nhold_s = -1", "trigger.hold_s", "hold_s: expected float >= 0.0, got -1"),
        ("[trigger]\nhold_s = nan", "trigger.hold_s", "hold_s: expected float >= 0.0, got nan"),
        ("[trigger]\nhold_s = 'x'", "trigger.hold_s", "hold_s: expected float, got 'x'"),
        ("[trigger]\nhold_s = true", "trigger.hold_s", "hold_s: expected float, got True"),
        ("[camera]\nwidth = 64.5", "camera.width", "camera.width: expected int, got 64.5"),
        ("[model]\nthreads = 0", "model.threads", "model.threads: expected int >= 1, got 0"),
        (
            "[trigger]\nthreshold_on = 0.3\nthreshold_off = 0.5",
            "trigger.threshold_off",
            r"trigger.threshold_off: expected at most threshold_on \(0.3\), got 0.5",
        ),
        ("outputs = 1", "outputs", r"outputs: expected tables \[outputs.NAME\], got 1"),
        ("[outputs]\npin = 3", "outputs.pin", "outputs.pin.kind: expected one of shutter"),
        (
            "[outputs.a]\npin = 5",
            "outputs.a",
            "a.kind: expected one of shutter, .*got None",
        ),
        ("[outputs.a]\nkind = 'gat'", "outputs.a", "outputs.a.kind: expected one of .* got 'gat'"),
        ("[outputs.a]\nkind = 'shutter'", "outputs.a.pin", "outputs.a.pin: expected a value"),
        ("[trigger]\nhold-s = 1", "trigger.hold-s", "hold-s: expected a key among threshold_on"),
        ("[outputs.a]\nkind = ['shutter']", "outputs.a", "outputs.a.kind: expected one of shutter"),
        (
            "[trigger]\ncooldown_s = 0.1\n[outputs.a]\nkind = 'shutter'\npin = 5",
            "outputs.a.pulse_s",
            r"outputs.a.pulse_s: expected at most trigger.cooldown_s \(0.1\) for .* got 0.2 s",
        ),
        (
            "[outputs.a]\nkind = 'shutter'\npin = 28",
            "outputs.a.pin",
            "outputs.a.pin: expected int <= 27, got 28",
        ),
        (
            "[outputs.a]\nkind = 'shutter'\npin = 5\n[outputs.b]\nkind = 'shutter'\npin = 5",
            "outputs.b.pin",
            "outputs.b.pin: expected a pin of its own, got 5, which outputs.a.pin uses",
        ),
    ],
)
def test_what_is_wrong_is_named(file: Path, text: str, key: str, message: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        config.load(file, {})
    assert str(caught.value).startswith(f"{file}: ")
    assert "\n" not in str(caught.value)
    assert caught.value.key == key


@pytest.mark.parametrize("data", [b"[trigger", b"\xff\xfe", b"a = 1\na = 2"])
def test_what_is_no_toml_is_refused(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    with pytest.raises(ConfigError, match="expected TOML, got: "):
        config.load(file, {})


def test_a_missing_file_is_named(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"smile-gate\.toml: expected a TOML file, got: No such"):
        config.load(file, {})
