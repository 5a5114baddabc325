"""The contracts of ``smile-gate fire`` and ``safe``."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from gpiozero import Device, DigitalOutputDevice
from gpiozero.pins.mock import MockFactory, MockPWMPin

from edge.cameras.image_file import read_grey
from edge.values import Event
from tests.conftest import lasted
from tests.edge.cli.commands import command, signal_when_active
from tests.unprivileged import unprivileged
from tests.waiting import wait_until

pytestmark = pytest.mark.usefixtures("default_signals")


@pytest.fixture
def dimmable(pins: MockFactory) -> MockFactory:  # noqa: ARG001  (takes this factory out again)
    Device.pin_factory = MockFactory(pin_class=MockPWMPin)
    return Device.pin_factory


def states(pins: MockFactory, number: int) -> list[float]:
    return [state.state for state in pins.pin(number).states]


def used(pins: MockFactory) -> set[str]:
    return {info.name for info in pins.pins}


# fire


@pytest.mark.parametrize(
    ("name", "number", "expected", "length_s"),
    [
        ("photo", 22, [False, True, False], 0.05),
        ("low", 23, [False, True, False, True], 0.05),  # active low
        ("door", 17, [False, True, False], 0.2),
    ],
)
def test_fire_pulses_one_pin(
    smile_gate: Any,
    config: Path,
    pins: MockFactory,
    name: str,
    number: int,
    expected: list[bool],
    length_s: float,
) -> None:
    assert smile_gate("fire", name, "--config", config) == (0, "", "")
    assert states(pins, number) == expected
    assert lasted(pins.pin(number).states[-1].timestamp, length_s)
    assert used(pins) == {f"GPIO{number}"}


def test_fire_without_a_file_pulses_the_default_shutter(smile_gate: Any, pins: MockFactory) -> None:
    assert smile_gate("fire", "shutter") == (0, "", "")
    assert states(pins, 17) == [False, True, False]


def test_fire_flashes_and_sounds_an_indicator(
    smile_gate: Any, tmp_path: Path, dimmable: MockFactory
) -> None:
    config = tmp_path / "c.toml"
    config.write_text(
        "[outputs.light]\nkind = 'indicator'\nled_pin = 5\n"
        "rgb_pins = [6, 13, 19]\nbuzzer_pin = 26\n"
    )
    assert smile_gate("fire", "light", "--config", config) == (0, "", "")
    for number in (5, 6, 13, 19):
        assert max(states(dimmable, number)) == 1.0
    assert max(states(dimmable, 26)) == 0.5  # half of each period
    assert not any(dimmable.pin(number).state for number in (5, 6, 13, 19, 26))


def test_fire_saves_a_picture_beside_the_file(smile_gate: Any, config: Path) -> None:
    assert smile_gate("fire", "pictures", "--config", config) == (0, "", "")
    [picture] = (config.parent / "pictures").iterdir()
    assert picture.suffix == ".jpg"
    assert read_grey(picture).shape == (480, 640)


def test_fire_starts_a_command_and_waits_for_it(smile_gate: Any, config: Path) -> None:
    assert smile_gate("fire", "hook", "--config", config) == (0, "", "")
    heard = json.loads((config.parent / "heard.json").read_text())
    assert heard.pop("time") == pytest.approx(time.monotonic(), abs=20.0)
    assert heard.pop("at").endswith("Z")
    assert heard == {"event": "fired", "device": socket.gethostname(), "output": "hook"}


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ('kind = "command"\ncommand = ["sh", "-c", "exit 3"]', "sh to end with code 0, got: 3"),
        (
            'kind = "command"\ncommand = ["/nonesuch"]',
            "/nonesuch to start, got: No such file or directory",
        ),
        (
            'kind = "command"\ncommand = ["sleep", "9"]\ntimeout_s = 0.1',
            "sleep to end within 0.1 s, got: no end: killed",
        ),
        (
            'kind = "snapshot"\nfolder = "/dev/null/a"',
            "the folder /dev/null/a to be usable, got: Not a directory",
        ),
        (
            'kind = "indicator"\nled_pin = 5',
            "GPIO 5 to be dimmable, got: no PWM; GPIOZERO_MOCK_PIN_CLASS=MockPWMPin simulates it",
        ),
    ],
)
def test_an_output_that_fails_gets_one_line(
    smile_gate: Any, tmp_path: Path, table: str, reason: str
) -> None:
    config = tmp_path / "c.toml"
    config.write_text(f'camera.source = "demo"\n[outputs.it]\n{table}\n')
    line = f"smile-gate: outputs.it: expected {reason}\n"
    assert smile_gate("fire", "it", "--config", config) == (2, "", line)


def test_a_picture_needs_a_camera(smile_gate: Any, config: Path) -> None:
    config.write_text(config.read_text().replace('"demo"', '"gone.mp4"'))
    code, out, err = smile_gate("fire", "pictures", "--config", config)
    assert (code, out) == (2, "")
    assert err == "smile-gate: gone.mp4: expected a video file, got no file there\n"
    assert smile_gate("fire", "photo", "--config", config)[0] == 0


def test_a_command_that_no_smile_starts_is_not_fired(smile_gate: Any, config: Path) -> None:
    config.write_text("[outputs.send]\nkind = 'command'\ncommand = ['true']\non = ['saved']\n")
    assert smile_gate("fire", "send", "--config", config) == (
        2,
        "",
        "smile-gate: fire send: expected an output that a smile fires, got a command for saved\n",
    )


def test_a_picture_that_would_be_the_best_of_many_is_saved_at_once(
    smile_gate: Any, config: Path, tmp_path: Path
) -> None:
    text = config.read_text().replace('kind = "snapshot"', 'kind = "snapshot"\nbest_of_s = 5')
    config.write_text(text)
    assert smile_gate("fire", "pictures", "--config", config)[0] == 0
    assert len(list(tmp_path.rglob("smile-*.jpg"))) == 1


def test_an_unknown_name_lists_those_there_are(
    smile_gate: Any, config: Path, pins: MockFactory
) -> None:
    expected = "expected the name of an output"
    for name in ("Photo", "shutter", ""):
        code, out, err = smile_gate("fire", name, "--config", config)
        assert (code, out) == (2, "")
        assert err == f"smile-gate: fire {name}: {expected}: photo, low, door, pictures, hook\n"
    config.write_text("")
    _, _, err = smile_gate("fire", "photo", "--config", config)
    assert err == f"smile-gate: fire photo: {expected}: none at all\n"
    assert not used(pins)


def test_a_pin_that_another_holds_is_not_fired(
    smile_gate: Any, config: Path, pins: MockFactory
) -> None:
    with DigitalOutputDevice(22):
        code, out, err = smile_gate("fire", "photo", "--config", config)
    assert (code, out) == (2, "")
    assert err.startswith("smile-gate: outputs.photo: expected GPIO 22 to be usable, got: ")
    assert len(err.splitlines()) == 1
    assert states(pins, 22) == [False]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_firing_with_the_pin_safe(
    smile_gate: Any, long_pulse: Path, pins: MockFactory, number: signal.Signals
) -> None:
    with signal_when_active(pins.pin(22), number):
        assert smile_gate("fire", "photo", "--config", long_pulse)[0] == 0
    assert states(pins, 22) == [False, True, False]
    assert pins.pin(22).states[-1].timestamp < 5


def test_a_signal_makes_the_pin_safe_even_while_the_log_hangs(
    smile_gate: Any, long_pulse: Path, pins: MockFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin = pins.pin(22)

    def hang(_: Event) -> None:
        wait_until(lambda: len(pin.states) == 3, 2.0)  # at 3 s the process would end itself

    monkeypatch.setattr("edge.cli.outputs.log_event", hang)
    with signal_when_active(pin, signal.SIGTERM):
        assert smile_gate("fire", "photo", "--config", long_pulse)[0] == 0
    assert states(pins, 22) == [False, True, False]


def test_a_signal_ends_the_process_of_a_firing(long_pulse: Path) -> None:
    call = command("fire", "photo", "--config", long_pulse)
    with subprocess.Popen(call, stderr=subprocess.PIPE, text=True) as firing:
        assert firing.stderr is not None
        assert "photo fired: GPIO 22 active" in firing.stderr.readline()
        started = time.monotonic()
        firing.send_signal(signal.SIGTERM)
    assert firing.returncode == 0
    assert time.monotonic() - started < 5


# safe


def make_active(pins: MockFactory, number: int, level: bool) -> None:
    """Leave a pin as a program that was killed does."""
    pin = pins.pin(number)
    pin.function = "output"
    pin.state = level
    pin.clear_states()


def test_safe_makes_all_pins_safe(smile_gate: Any, config: Path, pins: MockFactory) -> None:
    for number, level in ((22, True), (23, False), (17, True)):
        make_active(pins, number, level)
    code, out, err = smile_gate("safe", "--config", config)
    assert (code, err) == (0, "")
    assert out.splitlines() == ["photo: safe", "low: safe", "door: safe"]
    assert states(pins, 22) == [True, False]
    assert states(pins, 23)[-1]
    assert states(pins, 17) == [True, False]
    assert used(pins) == {"GPIO17", "GPIO22", "GPIO23"}
    assert not (config.parent / "pictures").exists()
    assert not (config.parent / "heard.json").exists()


def test_safe_keeps_what_is_safe_already(smile_gate: Any, config: Path, pins: MockFactory) -> None:
    smile_gate("safe", "--config", config)
    assert states(pins, 22) == states(pins, 17) == [False]


def test_safe_darkens_an_indicator(smile_gate: Any, tmp_path: Path, dimmable: MockFactory) -> None:
    config = tmp_path / "c.toml"
    config.write_text("[outputs.light]\nkind = 'indicator'\nrgb_pins = [5, 6, 13]\n")
    make_active(dimmable, 5, level=True)
    code, out, err = smile_gate("safe", "--config", config)
    assert (code, out, err) == (0, "light: safe\n", "")
    assert not any(dimmable.pin(number).state for number in (5, 6, 13))


def test_safe_goes_on_after_a_pin_that_cannot_be_had(
    smile_gate: Any, config: Path, pins: MockFactory
) -> None:
    make_active(pins, 17, level=True)
    with DigitalOutputDevice(22):
        code, out, err = smile_gate("safe", "--config", config)
    assert code == 2
    assert out.splitlines() == ["low: safe", "door: safe"]
    assert err.startswith("smile-gate: outputs.photo: expected GPIO 22 to be usable, got: ")
    assert len(err.splitlines()) == 1
    assert states(pins, 17) == [True, False]


def test_safe_names_a_pin_that_does_not_switch(
    smile_gate: Any, config: Path, pins: MockFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_active(pins, 17, level=True)
    off = DigitalOutputDevice.off

    def fail(device: DigitalOutputDevice) -> None:
        if device.pin is pins.pin(22):
            raise OSError("no such line")
        off(device)

    monkeypatch.setattr(DigitalOutputDevice, "off", fail)
    code, out, err = smile_gate("safe", "--config", config)
    assert code == 2
    assert "photo: " not in out
    expected = "expected it to go to its safe level, got: no such line"
    assert err == f"smile-gate: outputs.photo: {expected}\n"
    assert states(pins, 17) == [True, False]


def test_safe_takes_the_service_s_own_settings_or_none_at_all(
    smile_gate: Any, config: Path, pins: MockFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The defaults' shutter on GPIO 17 would switch a relay there that is active low."""
    monkeypatch.setattr("edge.settings.load.INSTALLED", config.with_name("gone.toml"))
    code, out, err = smile_gate("safe")
    assert (code, out) == (2, "")
    assert err.endswith("gone.toml, got neither: no configuration names a pin\n")
    assert not used(pins)
    monkeypatch.setattr("edge.settings.load.INSTALLED", config)
    assert smile_gate("safe") == (0, "photo: safe\nlow: safe\ndoor: safe\n", "")


def test_safe_says_that_the_service_s_settings_may_not_be_read(
    smile_gate: Any, config: Path, pins: MockFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder is closed to ordinary users: the file in it is not there for them to see."""
    monkeypatch.setattr("edge.settings.load.INSTALLED", config)
    config.parent.chmod(0)
    with unprivileged():
        code, out, err = smile_gate("safe")
    config.parent.chmod(0o700)
    assert (code, out) == (2, "")
    expected = "expected a file that this user may read, got: Permission denied; try sudo"
    assert err == f"smile-gate: {config}: {expected}\n"
    assert not used(pins)
