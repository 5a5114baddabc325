from __future__ import annotations

from pathlib import Path

import pytest

from edge.errors import ConfigError
from edge.settings import (
    OUTPUT_KINDS,
    RESERVED_PINS,
    SHIPPED_BUNDLE,
    CommandSettings,
    Settings,
    ShutterSettings,
    SnapshotSettings,
    TriggerSettings,
)
from edge.settings.load import load_configuration

GATE = "[outputs.Door]\nkind = 'gate'\npin = 17\n"
SHUTTER = "[outputs.a]\nkind = 'shutter'\npin = 5\n"
INDICATOR = "[outputs.a]\nkind = 'indicator'\n"
COMMAND = "[outputs.a]\nkind = 'command'\n"
KEY = "[outputs.a]\nkind = 'key'\n"
SNAPSHOT = "[outputs.a]\nkind = 'snapshot'\nfolder = 'p'\n"
KINDS = ", ".join(OUTPUT_KINDS)


def taken(value: object, owner: str) -> str:
    what = "folder" if owner.endswith("folder") else "pin"
    return f"expected a {what} of its own, got {value}, which outputs.{owner} uses"


def too_long(cooldown_s: float, length_s: float) -> str:
    most = f"trigger.cooldown_s ({cooldown_s})"
    return f"expected at most {most} for the whole firing, got {length_s} s"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "smile-gate.toml"


def test_without_a_file_there_is_one_shutter() -> None:
    assert Settings().outputs == {"shutter": ShutterSettings(pin=17)}


def test_an_empty_file_drives_no_pin(file: Path) -> None:
    file.write_text("")
    settings = load_configuration(file, {}).settings
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
    settings = load_configuration(file, {}).settings
    assert settings.camera.source == "v4l2:/dev/video1"
    assert settings.camera.width == 640
    assert settings.model.bundle == str(file.parent / "my-model")
    assert settings.trigger == TriggerSettings(hold_s=1.0, neutral_first=False)
    assert settings.outputs == {
        "left": ShutterSettings(pin=5),
        "right": ShutterSettings(pin=6, pulse_s=0.5, active_high=False),
    }


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        ("[triger]", "triger", "expected a section among camera, "),
        ("hold_s = 1", "hold_s", "expected a section among camera, "),
        ("camera = 3", "camera", "expected a table [camera], got 3"),
        (
            "[trigger]\nthreshold_on = 0.3\nthreshold_off = 0.5",
            "trigger.threshold_off",
            "expected at most threshold_on (0.3), got 0.5",
        ),
        ("outputs = 1", "outputs", "expected tables [outputs.NAME], got 1"),
        ("[outputs]\npin = 3", "outputs.pin.kind", "expected one of shutter, "),
        ("outputs.a = 5", "outputs.a.kind", f"expected one of {KINDS}, got None"),
        ("[outputs.a]\npin = 5", "outputs.a.kind", f"expected one of {KINDS}, got None"),
        ("[outputs.a]\nkind = 'gat'", "outputs.a.kind", f"expected one of {KINDS}, got 'gat'"),
        ("[outputs.a]\nkind = ['shutter']", "outputs.a.kind", "expected one of shutter, "),
        (f"{SHUTTER}{SHUTTER.replace('.a', '.b')}", "outputs.b.pin", taken(5, "a.pin")),
        (f"{SHUTTER}focus_pin = 5", "outputs.a.focus_pin", taken(5, "a.pin")),
        (f"{GATE}hold_open_pin = 17", "outputs.Door.hold_open_pin", taken(17, "Door.pin")),
        (f"{INDICATOR}rgb_pins = [5, 6, 5]", "outputs.a.rgb_pins", taken(5, "a.rgb_pins")),
        (f"{INDICATOR}led_pin = 17\n{GATE}", "outputs.Door.pin", taken(17, "a.led_pin")),
        (f"{GATE}hold_open_pin = 5\n{SHUTTER}", "outputs.a.pin", taken(5, "Door.hold_open_pin")),
        (INDICATOR, "outputs.a.led_pin", "expected a led_pin, rgb_pins or a buzzer_pin"),
        (f"{GATE}open_s = 31", "outputs.Door.open_s", "expected at most max_open_s (30.0), got 31"),
        (f"{SHUTTER}[trigger]\ncooldown_s = 0.1", "outputs.a.pulse_s", too_long(0.1, 0.2)),
        (f"{SHUTTER}burst = 9\n[trigger]\ncooldown_s = 4", "outputs.a.burst", too_long(4.0, 4.2)),
        (f"{SHUTTER}focus_pin = 6\nfocus_s = 2.9", "outputs.a.pulse_s", too_long(3.0, 3.1)),
        (
            f"{KEY}key = 'power'",
            "outputs.a.key",
            "expected a letter, a digit, f1 to f24 or one of ",
        ),
        (f"{KEY}key = ''", "outputs.a.key", "expected a letter, a digit, f1 to f24 or one of "),
        (f"{SNAPSHOT}mode = '0240'", "outputs.a.mode", "expected three octal digits that let the"),
        (f"{SNAPSHOT}mode = '0648'", "outputs.a.mode", "expected three octal digits that let the"),
        (f"{SNAPSHOT}{SNAPSHOT.replace('.a', '.b')}", "outputs.b.folder", taken("p", "a.folder")),
    ],
)
def test_what_is_wrong_is_named(file: Path, text: str, key: str, reason: str) -> None:
    check_refused(file, text, key, reason)


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        ("[trigger]\nhold = 1", "trigger.hold", "expected a key among threshold_on, "),
        ("[trigger]\nhold-s = 1", "trigger.hold-s", "expected a key among threshold_on, "),
        ("[trigger]\nhold_s = -1", "trigger.hold_s", "expected float >= 0.0, got -1"),
        ("[trigger]\nhold_s = nan", "trigger.hold_s", "expected float >= 0.0, got nan"),
        ("[trigger]\nhold_s = 'x'", "trigger.hold_s", "expected float, got 'x'"),
        ("[trigger]\nhold_s = true", "trigger.hold_s", "expected float, got True"),
        ("[trigger]\nneutral_first = 1", "trigger.neutral_first", "expected bool | null, got 1"),
        ("[trigger]\nwho = 1", "trigger.who", "expected str, got 1"),
        ("[trigger]\nwho = 'x'", "trigger.who", "invalid enum value 'x', got 'x'"),
        ("[trigger]\nwho = 'x - at `$.y`'", "trigger.who", "invalid enum value 'x - at $.y', got"),
        ("[camera]\nwidth = 64.5", "camera.width", "expected int, got 64.5"),
        ("[model]\nthreads = 0", "model.threads", "expected int >= 1, got 0"),
        ("[outputs.a]\nkind = 'shutter'", "outputs.a.pin", "expected a value"),
        ("[outputs.a]\nkind = 'shutter'\npin = 28", "outputs.a.pin", "expected int <= 27, got 28"),
        ("[outputs.a]\nkind = 'snapshot'", "outputs.a.folder", "expected a value"),
        (f"{INDICATOR}rgb_pins = [5, 6]", "outputs.a.rgb_pins", "expected array of length 3"),
        (f"{INDICATOR}rgb_pins = [5, 'x', 6]", "outputs.a.rgb_pins[1]", "expected int"),
        (f"{COMMAND}command = ['a']\non = []", "outputs.a.on", "expected array of length >= 1"),
        (f"{COMMAND}command = ['a']\non = ['x']", "outputs.a.on[0]", "invalid enum value 'x'"),
        (f"{COMMAND}command = []", "outputs.a.command", "expected array of length >= 1, got []"),
        (f"{COMMAND}command = 'ls'", "outputs.a.command", "expected array, got 'ls'"),
        (f"{COMMAND}command = ['']", "outputs.a.command[0]", "expected str of length >= 1"),
        (f"{GATE}open_s = -5", "outputs.Door.open_s", "expected float >= 0.1, got -5"),
        (f"{SHUTTER}focus_s = -0.1", "outputs.a.focus_s", "expected float >= 0.0, got -0.1"),
        (
            f"{SHUTTER}open_s = 1",
            "outputs.a.open_s",
            "expected a key among pin, pulse_s, focus_pin",
        ),
    ],
)
def test_the_installed_msgspec_words_its_errors_as_they_are_parsed(
    file: Path, text: str, key: str, reason: str
) -> None:
    check_refused(file, text, key, reason)


def check_refused(file: Path, text: str, key: str, reason: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_configuration(file, {})
    error = caught.value
    assert error.reason.startswith(reason)
    assert (error.key, error.origin) == (key, file)
    assert str(error) == f"{file}: {key}: {error.reason}"
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    "text", ["[trigger", "\xff\xfe", "a = 1\na = 2", "a = " + "[" * 3000, "a = " + "1" * 5000]
)
def test_what_is_no_toml_is_refused(file: Path, text: str) -> None:
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match="expected TOML, got: "):
        load_configuration(file, {})


def test_a_missing_file_is_named(file: Path) -> None:
    with pytest.raises(ConfigError, match="expected a TOML file, got: No such file") as caught:
        load_configuration(file, {})
    assert (caught.value.key, caught.value.origin) == ("", file)
    assert str(caught.value).startswith(f"{file}: ")


@pytest.mark.parametrize("pin", RESERVED_PINS)
@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("kind = 'shutter'\npin = {}", "pin"),
        ("kind = 'shutter'\npin = 5\nfocus_pin = {}", "focus_pin"),
        ("kind = 'gate'\npin = 5\nhold_open_pin = {}", "hold_open_pin"),
        ("kind = 'indicator'\nbuzzer_pin = {}", "buzzer_pin"),
        ("kind = 'indicator'\nrgb_pins = [5, 6, {}]", "rgb_pins"),
    ],
)
def test_a_reserved_pin_is_refused_with_the_reason(
    file: Path, text: str, key: str, pin: int
) -> None:
    file.write_text(f"[outputs.a]\n{text.format(pin)}\n")
    with pytest.raises(ConfigError) as caught:
        load_configuration(file, {})
    reason = f"expected another pin than {pin}, {RESERVED_PINS[pin]}"
    assert str(caught.value) == f"{file}: outputs.a.{key}: {reason}"


def test_a_focus_that_is_not_wired_takes_no_time(file: Path) -> None:
    file.write_text(f"{SHUTTER}focus_s = 10\n[trigger]\ncooldown_s = 0.2\n")
    assert load_configuration(file, {}).settings.outputs["a"] == ShutterSettings(
        pin=5, focus_s=10.0
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        (SHUTTER, False),
        (GATE, True),
        (f"{KEY}key = 'F13'", True),
        (f"{GATE}[trigger]\nneutral_first = false", False),
        (f"{SHUTTER}[trigger]\nneutral_first = true", True),
    ],
)
def test_neutral_first_unless_said_otherwise_where_there_is_a_gate_or_a_key(
    file: Path, text: str, expected: bool
) -> None:
    file.write_text(text)
    assert load_configuration(file, {}).settings.trigger.neutral_first is expected


def test_a_byte_order_mark_is_no_part_of_the_file(file: Path) -> None:
    file.write_text(SHUTTER, encoding="utf-8-sig")
    assert load_configuration(file, {}).settings.outputs == {"a": ShutterSettings(pin=5)}


def test_a_tilde_is_the_home_folder(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/srv/me")
    file.write_text(
        "model.bundle = '~/b'\nfaces.cascade = '~/c'\npicamera2.tuning_file = '~nobody-here/t'\n"
        "[outputs.a]\nkind = 'snapshot'\nfolder = '~/p'\n"
        "[outputs.b]\nkind = 'command'\ncommand = ['~/hook', '~/argument']\n"
    )
    settings = load_configuration(file, {}).settings
    assert (settings.model.bundle, settings.faces.cascade) == ("/srv/me/b", "/srv/me/c")
    assert settings.picamera2.tuning_file == f"{file.parent}/~nobody-here/t"
    assert settings.outputs["a"] == SnapshotSettings(folder="/srv/me/p")
    assert settings.outputs["b"] == CommandSettings(command=("/srv/me/hook", "~/argument"))


def test_two_names_of_a_folder_are_one_folder(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(file.parent))
    text = SNAPSHOT + SNAPSHOT.replace(".a", ".b").replace("'p'", "'~/p'")
    check_refused(file, text, "outputs.b.folder", taken("~/p", "a.folder"))


@pytest.mark.parametrize("folder", ["pictures", "../pictures", "/var/pictures"])
def test_a_relative_folder_starts_at_the_file(
    file: Path, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    file.write_text(f"[outputs.a]\nkind = 'snapshot'\nfolder = '{folder}'\n")
    snapshot = load_configuration(file, {}).settings.outputs["a"]
    assert isinstance(snapshot, SnapshotSettings)
    assert Path(snapshot.folder) == file.parent / folder


def test_a_firing_may_be_as_long_as_the_cooldown(file: Path) -> None:
    file.write_text(
        "[trigger]\ncooldown_s = 0.32\n[outputs.a]\nkind='shutter'\npin=17\npulse_s=0.1\n"
        "burst=3\nburst_gap_s=0.01\n"
    )
    load_configuration(file, {})
