from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec
import pytest
from msgspec import Struct

from edge.errors import ConfigError
from edge.settings import OUTPUT_KINDS, SECTIONS
from edge.settings.explain import Setting, explain, settings_of, show
from edge.settings.load import Configuration, load_configuration

TEXT = """
[camera]
source = "demo"
[trigger]
hold_s = 0.5
[outputs.door]
kind = "gate"
pin = 17
[outputs.light]
kind = "indicator"
rgb_pins = [5, 6, 13]
[outputs.hook]
kind = "command"
command = ["curl", "http://a/ü"]
environment = {TOKEN = "x"}
[outputs.pictures]
kind = "snapshot"
folder = "pictures"
"""
ENVIRONMENT = {"SMILE_GATE_OUTPUTS__DOOR__OPEN_S": "7", "SMILE_GATE_CAMERA__FPS": "15"}
KINDS: list[tuple[str, type[Struct]]] = [
    *SECTIONS.items(),
    *((f"outputs.{name}", kind) for name, kind in OUTPUT_KINDS.items()),
]


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    file = tmp_path / "smile-gate.toml"
    file.write_text(TEXT)
    return load_configuration(file, ENVIRONMENT)


# settings


@pytest.mark.parametrize(("section", "kind"), KINDS)
def test_every_setting_has_a_meaning_and_a_default_or_must_be_given(
    section: str, kind: type[Struct]
) -> None:
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    settings = [entry for entry in settings_of(section, kind) if not entry.key.endswith(".kind")]
    assert [setting.key for setting in settings] == [f"{section}.{name}" for name in fields]
    for setting in settings:
        assert setting.meaning, setting.key
        name = setting.key.rpartition(".")[2]
        assert bool(setting.default) is not fields[name].required, setting.key


RANGED = [
    setting
    for section, kind in SECTIONS.items()
    for setting in settings_of(section, kind)
    if setting.range[:1].isdecimal()
]


@pytest.mark.parametrize("setting", RANGED, ids=lambda setting: setting.key)
def test_what_is_out_of_its_range_is_refused(setting: Setting, tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    least, _, most = setting.range.partition("-")
    for value in (float(least) - 1, float(most) + 1):
        file.write_text(f"{setting.key} = {value:g}\n")
        with pytest.raises(ConfigError, match=rf"{setting.key}: expected (int|float) [<>]= "):
            load_configuration(file, {})


# show


def test_show_says_each_value_and_where_it_comes_from(configuration: Configuration) -> None:
    lines = list(show(configuration))
    for line in (
        'source = "demo"  # file',
        "fps = 15.0  # environment",
        "width = 640  # default",
        "hold_s = 0.5  # file",
        "neutral_first = true  # default",
        'kind = "gate"  # file',
        "pin = 17  # file",
        "open_s = 7.0  # environment",
        "# hold_open_pin not set",
        "rgb_pins = [5, 6, 13]  # file",
        "# led_pin not set",
        'command = ["curl", "http://a/ü"]  # file',
        'environment = {TOKEN = "***"}  # file',
        "timeout_s = 10.0  # default",
    ):
        assert line in lines
    sections = [f"[{name}]" for name in SECTIONS]
    sections += [f"[outputs.{name}]" for name in ("door", "light", "hook", "pictures")]
    assert [line for line in lines if line.startswith("[")] == sections


def test_what_show_says_is_a_configuration_that_does_the_same_but_for_secrets(
    configuration: Configuration, tmp_path: Path
) -> None:
    shown = tmp_path / "elsewhere.toml"
    shown.write_text("\n".join(show(configuration)).replace("***", "x"))
    assert load_configuration(shown, {}).settings == configuration.settings


def test_without_a_file_all_is_default() -> None:
    lines = list(show(load_configuration(None, {"GPIOZERO_PIN_FACTORY": "mock"})))
    start = lines.index("[outputs.shutter]")
    assert lines[start + 1 : start + 3] == ['kind = "shutter"  # default', "pin = 17  # default"]
    assert all(line.startswith(("[", "# ")) or line.endswith("  # default") for line in lines)


# explain


EXPLAINED = """\
trigger.hold_s: how long a smile must last before it fires, s
  range    0-60
  default  0.3
  why      a spoken vowel is shorter, and nobody waits noticeably
  now      0.5 (file)

camera.fps: frames per second to ask for
  range    1-240
  default  30.0
  now      15.0 (environment)

outputs.door.pin: BCM number of the relay's pin
  range    0-27
  default  none: a value must be given
  now      17 (file)

outputs.gate.pin: BCM number of the relay's pin
  range    0-27
  default  none: a value must be given

outputs.light.led_pin: pin of an LED: dim to bright with the score, blinks faults
  range    0-27
  default  not set
  now      not set (default)

outputs.hook.environment: its environment besides PATH, LANG and SMILE_GATE_FIRING
  default  {}
  why      nothing of ours leaks into it
  now      {TOKEN = "***"} (file)"""


@pytest.mark.parametrize("text", EXPLAINED.split("\n\n"))
def test_a_setting_in_words(configuration: Configuration, text: str) -> None:
    assert "\n".join(explain(text.partition(": ")[0], configuration)) == text


def test_what_is_chosen_from_a_few_has_them_as_its_range(configuration: Configuration) -> None:
    lines = list(explain("trigger.who", configuration))
    assert '  range    "any", "largest", "all", "count"' in lines
    lines = list(explain("outputs.door.hold_open_level", configuration))
    assert '  range    "low", "high"' in lines


def keys_of(lines: list[str]) -> list[str]:
    """Return what is explained; a blank line stands between two settings."""
    return [block.partition(": ")[0] for block in "\n".join(lines).split("\n\n")]


def names_in(section: str, kind: type[Struct]) -> list[str]:
    """Return the settings of a section; an output's kind comes first."""
    return [*(["kind"] if section.startswith("outputs.") else []), *kind.__struct_fields__]


OUTPUTS = [section for section in KINDS if section[0].startswith("outputs.")]
CONFIGURED = [
    (f"outputs.{name}", OUTPUT_KINDS[table["kind"]])
    for name, table in tomllib.loads(TEXT)["outputs"].items()
]


@pytest.mark.parametrize(
    ("key", "sections"),
    [
        *((section[0], [section]) for section in KINDS + CONFIGURED),
        ("outputs", OUTPUTS + CONFIGURED),
        ("", KINDS),
    ],
)
def test_a_key_is_all_settings_in_it(
    configuration: Configuration, key: str, sections: list[tuple[str, type[Struct]]]
) -> None:
    assert keys_of(list(explain(key, configuration))) == [
        f"{section}.{name}" for section, kind in sections for name in names_in(section, kind)
    ]


def test_each_setting_of_an_output_has_a_value_now(configuration: Configuration) -> None:
    lines = [line for line in explain("outputs.door", configuration) if line.startswith("  now ")]
    assert len(lines) == len(names_in("outputs.door", OUTPUT_KINDS["gate"]))
    assert "  now      7.0 (environment)" in lines


def test_an_output_with_the_name_of_another_kind(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[outputs.gate]\nkind = 'shutter'\npin = 17\n")
    configuration = load_configuration(file, {})
    assert "  now      17 (file)" in explain("outputs.gate.pin", configuration)
    with pytest.raises(ConfigError):
        list(explain("outputs.gate.open_s", configuration))
    lines = list(explain("", configuration))
    assert "outputs.gate.open_s: shortest time open, s; at most max_open_s" in lines


@pytest.mark.parametrize(
    "key", ["trigger.hold", "hold_s", "trig", "outputs.nobody", "outputs.door.burst", "trigger."]
)
def test_an_unknown_key_is_refused(configuration: Configuration, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        list(explain(key, configuration))
    assert str(caught.value).startswith(f"{key}: expected a setting or a section: camera, ")
    assert caught.value.key == key


def test_a_name_with_a_space_is_shown_as_toml(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('[outputs."front door"]\nkind = "shutter"\npin = 17\n')
    assert "front door" in tomllib.loads("\n".join(show(load_configuration(file, {}))))["outputs"]
