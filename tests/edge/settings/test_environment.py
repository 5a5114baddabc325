"""Settings from environment variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.errors import ConfigError
from edge.settings import CommandSettings, GateSettings, ShutterSettings
from edge.settings.load import load_configuration

GATE = "[outputs.Door]\nkind = 'gate'\npin = 17\n"
SIMULATED = {"GPIOZERO_PIN_FACTORY": "mock"}
HOOK = "[outputs.h]\nkind = 'command'\ncommand = ['x']\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "smile-gate.toml"


def in_environment(**values: str) -> dict[str, str]:
    return {f"SMILE_GATE_{name}": value for name, value in values.items()}


@pytest.mark.parametrize(
    ("values", "section", "expected"),
    [
        ({"TRIGGER__HOLD_S": "0.5"}, "trigger", {"hold_s": 0.5}),
        ({"TRIGGER__HOLD_S": "2"}, "trigger", {"hold_s": 2.0}),
        ({"TRIGGER__NEUTRAL_FIRST": "true"}, "trigger", {"neutral_first": True}),
        ({"TRIGGER__WHO": "largest"}, "trigger", {"who": "largest"}),
        ({"TRIGGER__WHO": '"largest"'}, "trigger", {"who": "largest"}),
        ({"CAMERA__SOURCE": "v4l2:/dev/video0"}, "camera", {"source": "v4l2:/dev/video0"}),
        ({"CAMERA__SOURCE": ""}, "camera", {"source": ""}),
        ({"CAMERA__WIDTH": "320", "CAMERA__FPS": "9"}, "camera", {"width": 320, "fps": 9.0}),
    ],
)
def test_the_environment_stands_before_the_file(
    file: Path, values: dict[str, str], section: str, expected: dict[str, object]
) -> None:
    file.write_text("[trigger]\nhold_s = 1\nneutral_first = false\n[camera]\nsource = 'demo'\n")
    configuration = load_configuration(file, in_environment(**values))
    chosen = getattr(configuration.settings, section)
    assert {key: getattr(chosen, key) for key in expected} == expected
    assert {configuration.origins[f"{section}.{key}"] for key in expected} == {"environment"}


@pytest.mark.parametrize("name", ["DOOR", "door", "Door"])
def test_an_output_is_meant_in_any_case(file: Path, name: str) -> None:
    file.write_text(GATE)
    environment = in_environment(**{f"OUTPUTS__{name}__OPEN_S": "7"})
    configuration = load_configuration(file, environment)
    assert configuration.settings.outputs == {"Door": GateSettings(pin=17, open_s=7.0)}
    assert configuration.origins == {
        "outputs.Door.kind": "file",
        "outputs.Door.pin": "file",
        "outputs.Door.open_s": "environment",
    }


def test_the_environment_alone_can_name_an_output(file: Path) -> None:
    environment = in_environment(OUTPUTS__PHOTO__KIND="shutter", OUTPUTS__PHOTO__PIN="5")
    file.touch()
    assert load_configuration(file, environment).settings.outputs == {
        "photo": ShutterSettings(pin=5)
    }
    both = load_configuration(None, environment | SIMULATED).settings.outputs
    assert both == {"shutter": ShutterSettings(pin=17), "photo": ShutterSettings(pin=5)}


def test_the_environment_changes_the_output_without_a_file() -> None:
    environment = SIMULATED | in_environment(OUTPUTS__SHUTTER__PIN="22")
    changed = load_configuration(None, environment)
    assert changed.settings.outputs == {"shutter": ShutterSettings(pin=22)}
    assert changed.origins == {"outputs.shutter.pin": "environment"}


@pytest.mark.parametrize(
    ("environment", "model", "expected"),
    [
        ({}, None, {}),
        ({}, "Radxa ROCK 5B", {}),
        ({}, "Raspberry Pi 5 Model B Rev 1.0", {"shutter": ShutterSettings(pin=17)}),
        ({"GPIOZERO_PIN_FACTORY": "pigpio"}, None, {}),  # the pins of another machine
        ({"GPIOZERO_PIN_FACTORY": "Mock"}, None, {"shutter": ShutterSettings(pin=17)}),
    ],
)
def test_without_a_file_only_a_pi_s_pins_and_simulated_pins_are_driven(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    model: str | None,
    expected: object,
) -> None:
    board = tmp_path / "model"
    monkeypatch.setattr("edge.settings.load.BOARD", board)
    if model is not None:
        board.write_text(f"{model}\0")
    assert load_configuration(None, environment).settings.outputs == expected


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("", ""),
        ("TRIGGER", ""),
        ("DATA", ""),
        ("TRIGGER_HOLD", ""),
        ("TRIGGER_HOLD_S", "TRIGGER__HOLD_S"),
        ("trigger_hold_s", "TRIGGER__HOLD_S"),
        ("OUTPUTS_FRONT_DOOR_HOLD_OPEN_PIN", "OUTPUTS__FRONT_DOOR__HOLD_OPEN_PIN"),
        ("OUTPUTS_PHOTO_KIND", "OUTPUTS__PHOTO__KIND"),
    ],
)
def test_a_variable_without_two_underscores_is_not_ours_but_its_right_name_is_said(
    name: str, meant: str, caplog: pytest.LogCaptureFixture
) -> None:
    configuration = load_configuration(
        None, {**in_environment(**{name: "5"}), "TRIGGER__HOLD_S": "5"}
    )
    assert configuration == load_configuration(None, {})
    assert configuration.origins == {}
    said = f"SMILE_GATE_{name} is ignored: expected SMILE_GATE_{meant}, with two underscores"
    assert caplog.messages == ([said] if meant else [])


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("TRIGGER__HOLD", "1", "trigger.hold: expected a key among threshold_on, "),
        ("TRIGGER__HOLD_S", "soon", "trigger.hold_s: expected float, got 'soon'"),
        ("TRIGGER__HOLD_S", "-1", "trigger.hold_s: expected float >= 0.0, got -1"),
        ("TRIGGER__HOLD_S__X", "1", "trigger.hold_s: expected float, got {'x': 1}"),
        ("TRIGGER__", "5", "trigger.: expected a key among "),
        ("TRIGGER__THRESHOLD_ON", "0.2", "trigger.threshold_off: expected at most threshold_on"),
        ("TRIGER__HOLD_S", "1", "triger: expected a section among camera, "),
        ("OUTPUTS__DOOR__OPN_S", "1", "outputs.Door.opn_s: expected a key among pin, open_s, "),
        ("OUTPUTS__DOOR__PIN", "2", "outputs.Door.pin: expected another pin than 2, "),
        ("OUTPUTS__DOOR__OPEN_S", "99", "outputs.Door.open_s: expected at most max_open_s (30.0)"),
        ("OUTPUTS__DOOR__PIN__A", "1", "expected a table pin, got 17"),
        ("OUTPUTS__DOR__OPEN_S", "1", "outputs.dor.kind: expected one of shutter, "),
        ("OUTPUTS__I__RGB_PINS", "[5, 6, 99]", "outputs.i.rgb_pins[2]: expected int <= 27"),
        ("OUTPUTS__H__COMMAND", "[1]", "outputs.h.command[0]: expected str"),
        ("OUTPUTS__H__ENVIRONMENT__TOKEN", "5", "outputs.h.environment[...]: expected str"),
    ],
)
def test_a_bad_variable_is_named_and_not_the_file(
    file: Path, name: str, value: str, message: str
) -> None:
    file.write_text(f"{GATE}[outputs.i]\nkind='indicator'\nrgb_pins=[5,6,7]\n{HOOK}")
    with pytest.raises(ConfigError) as caught:
        load_configuration(file, in_environment(**{name: value}))
    assert str(caught.value).startswith(f"SMILE_GATE_{name}: {message}")
    assert caught.value.origin == f"SMILE_GATE_{name}"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("TRIGER__HOLD_S", "triger: expected a section among camera, "),
        ("TRIGGER__HOLD_S__X", "trigger.hold_s: expected float, got {'x': 1}"),
        ("OUTPUTS__DOR__OPEN_S", "outputs.dor.kind: expected one of shutter, "),
    ],
)
def test_a_bad_variable_is_named_without_a_file(name: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_configuration(None, in_environment(**{name: "1"}))
    assert str(caught.value).startswith(f"SMILE_GATE_{name}: {message}")


@pytest.mark.parametrize("name", ["COOLDOWN_S", "HOLD_S"])
def test_a_bad_file_is_blamed_even_where_a_variable_overrides_it(file: Path, name: str) -> None:
    file.write_text("[trigger]\nhold_s = 99\n")
    with pytest.raises(ConfigError) as caught:
        load_configuration(file, in_environment(**{f"TRIGGER__{name}": "1"}))
    assert (caught.value.origin, caught.value.key) == (file, "trigger.hold_s")


def test_a_variable_of_a_command_keeps_its_case(file: Path) -> None:
    file.write_text(HOOK)
    environment = in_environment(OUTPUTS__H__ENVIRONMENT__TOKEN="secret")
    output = load_configuration(file, environment).settings.outputs["h"]
    assert isinstance(output, CommandSettings)
    assert output.environment == {"TOKEN": "secret"}
