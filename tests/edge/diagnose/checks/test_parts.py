from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path
from typing import Any, NoReturn

import pytest
from gpiozero import Device, DigitalOutputDevice
from gpiozero.pins.mock import MockFactory, MockPin

from edge.cameras.source import open_camera
from edge.diagnose.checks import parts
from edge.diagnose.checks.parts import (
    check_cameras,
    check_faces,
    check_pins,
    check_settings,
)
from edge.diagnose.checks.service import Gate
from edge.diagnose.doctor import examine
from edge.errors import OutputError
from edge.settings import SHIPPED_BUNDLE, ArmingSettings, FaceSettings, Settings
from edge.settings.load import installed_file
from tests.edge.diagnose.examined_machine import ATTACHED, Machine
from tests.edge.outputs.harness import levels
from tests.unprivileged import unprivileged


def test_the_model_is_tried(machine: Machine) -> None:
    text = machine.finding("model").text
    assert text.startswith("smilenet, SHA-256 ")
    assert "self-test passed, " in text


@pytest.mark.parametrize("broken", ["altered", "self-test"])
def test_a_broken_bundle_is_bad(machine: Machine, broken: str) -> None:
    folder = Path(shutil.copytree(SHIPPED_BUNDLE, machine.folder / "bundle"))
    if broken == "altered":
        (folder / "smilenet.tflite").write_bytes(b"x")
    else:
        manifest = json.loads((folder / "manifest.json").read_text())
        (folder / "manifest.json").write_text(json.dumps({**manifest, "self_test": [0.9] * 8}))
    machine.more = '[model]\nbundle = "bundle"'
    assert machine.finding("model").verdict == "bad"


@pytest.mark.parametrize(
    ("source", "verdict"),
    [
        ("v4l2:/dev/video0", "good"),
        ("v4l2:0", "good"),
        ("picamera2", "good"),
        ("picamera2:0", "good"),
        ("picamera2:1", "bad"),
        ("v4l2:/dev/video1", "bad"),
        ("v4l2:1", "bad"),
        ("demo", "good"),
    ],
)
def test_the_configured_camera_is_looked_for(machine: Machine, source: str, verdict: str) -> None:
    machine.answer(list_attached=lambda: ATTACHED)
    machine.source = source
    bad = [finding for finding in machine.findings("camera") if finding.verdict == "bad"]
    assert bool(bad) == (verdict == "bad")
    assert all(source in finding.text for finding in bad)


def test_a_camera_may_have_the_name_that_udev_gives_it(machine: Machine) -> None:
    (machine.folder / "by-id").symlink_to("/dev/video0")
    machine.source = f"v4l2:{machine.folder / 'by-id'}"
    assert machine.finding("camera").verdict == "good"


@pytest.mark.parametrize(("source", "verdict"), [("v4l2:10", "bad"), ("demo", "warning")])
def test_a_camera_that_may_not_be_opened(machine: Machine, source: str, verdict: str) -> None:
    machine.answer(list_attached=lambda: ATTACHED)
    machine.source = source
    [finding] = [finding for finding in machine.findings("camera") if finding.remedy]
    assert (finding.verdict, "Permission denied" in finding.text) == (verdict, True)
    assert finding.remedy.startswith("sudo usermod -aG video $USER")


@pytest.mark.parametrize(
    ("source", "got"),
    [
        ("http://127.0.0.1:9/ok", "http://127.0.0.1:9/ok"),
        ("file:gone.mp4", "no file there"),
        ("images:bin@10", "a folder with images"),
        ("nonsense", "expected a source: picamera2"),
    ],
)
def test_a_source_that_is_not_attached_is_tried(machine: Machine, source: str, got: str) -> None:
    machine.source = source
    machine.answer(open_camera=open_camera)
    finding = machine.finding("camera")
    assert (finding.verdict, got in finding.text) == ("bad", True), finding
    assert finding.text.startswith(f"camera.source is {source}, got: ")
    assert finding.remedy.endswith("then: smile-gate look")


def test_a_source_that_gives_frames_is_good(machine: Machine) -> None:
    assert machine.finding("camera").text == "v4l2:/dev/video0 gives 640x480"


@pytest.mark.usefixtures("running")
def test_a_source_that_the_running_gate_uses_is_not_tried(machine: Machine) -> None:
    machine.source = "http://admin:secret@127.0.0.1:9/ok"
    machine.answer(open_camera=open_camera)
    assert machine.finding("camera").text == "http://127.0.0.1:9/ok, left to the running gate"


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ('cascade = "gone.xml"', "faces.cascade"),
        ('cascade = "c.toml"', "faces.cascade"),
        ('detector = "yunet"\nyunet_model = "gone.onnx"', "faces.yunet_model"),
    ],
)
def test_a_face_detector_without_its_file_is_bad(machine: Machine, more: str, key: str) -> None:
    assert machine.finding("faces").text.endswith("haarcascade_frontalface_alt2.xml")
    machine.more = f"[faces]\n{more}"
    finding = machine.finding("faces")
    assert (finding.verdict, finding.text.partition(":")[0]) == ("bad", key)
    assert key in finding.remedy


def test_opencv_without_cascades_is_bad(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("edge.faces.haar.DEBIAN_CASCADES", tmp_path)
    monkeypatch.setattr("cv2.data.haarcascades", str(tmp_path))
    finding = check_faces(FaceSettings())
    assert (finding.verdict, finding.remedy) == ("bad", "sudo apt install opencv-data")


@pytest.mark.parametrize(
    ("program", "more", "verdict", "text"),
    [
        ("sh", "", "good", "/bin/sh"),
        ("no-such-program", "", "bad", "expected a program in /usr/local/bin:/usr/bin:/bin, got"),
        ("sh", 'environment = { PATH = "/nowhere" }', "bad", "expected a program in /nowhere, got"),
        ("/nowhere/hook", "", "bad", "/nowhere/hook: expected a program, got none"),
        ("./bin", "", "bad", "./bin: expected a program, got none"),
        ("./bin/systemctl", "", "warning", "but the service starts in another"),
    ],
)
def test_the_programs_of_command_outputs_are_looked_for(
    machine: Machine, program: str, more: str, verdict: str, text: str
) -> None:
    machine.more = f'[outputs.hook]\nkind = "command"\ncommand = ["{program}", "-x"]\n{more}'
    finding = machine.finding("outputs.hook")
    assert (finding.verdict, text in finding.text) == (verdict, True), finding


def test_pins_are_tried_and_free_again(machine: Machine, pins: MockFactory) -> None:
    text = machine.finding("pins").text
    assert text == "GPIO 17, at their safe level, through MockFactory"
    assert levels(pins.pin(17)) == [0]
    assert pins.pin(17).function == "input"


def test_pins_of_a_gate_that_runs_are_left_alone(
    machine: Machine, running: dict[str, Any], pins: MockFactory
) -> None:
    running["faults"] = ["stalled"]
    assert machine.finding("pins").text == "GPIO 17; the running gate has them"
    assert not list(pins.pins)


@pytest.mark.parametrize("state", ["active", "activating", "reloading", "deactivating"])
def test_pins_and_camera_of_a_gate_that_does_not_answer_are_left_alone(
    machine: Machine, pins: MockFactory, state: str
) -> None:
    def fail() -> NoReturn:
        raise AssertionError("cameras were opened")

    machine.answer(list_attached=fail)
    machine.install("systemctl", f"echo {state}")
    findings = {finding.subject: finding for finding in machine.findings()}
    assert findings["camera"].text == "v4l2:/dev/video0, left to the running gate"
    assert findings["pins"].text == "GPIO 17; the running gate has them"
    assert findings["service"].verdict == "warning"
    assert findings["service"].text.partition(",")[0] == state
    assert not list(pins.pins)


def test_a_pin_that_cannot_be_had_is_bad(machine: Machine) -> None:
    with DigitalOutputDevice(17):
        finding = machine.finding("pins")
    assert (finding.verdict, "GPIO 17" in finding.text) == ("bad", True)


def test_the_switch_that_arms_is_tried_too(pins: MockFactory) -> None:
    settings = Settings(outputs={}, arming=ArmingSettings(switch_pin=6))
    text = check_pins(settings, Gate(runs=False)).text
    assert text == "GPIO 6, at their safe level, through MockFactory"
    assert pins.pin(6).function == "input"
    with DigitalOutputDevice(6):
        finding = check_pins(settings, Gate(runs=False))
    assert (finding.verdict, "arming.switch_pin" in finding.text) == ("bad", True)


class BusyPin(MockPin):  # type: ignore[misc]
    """A pin that another program drives."""

    def _set_function(self, value: str) -> None:  # the method of a pin library's pins
        if value == "output":
            raise OSError(errno.EBUSY, "GPIO busy")
        super()._set_function(value)


def test_a_pin_that_another_program_holds() -> None:
    Device.pin_factory = MockFactory(pin_class=BusyPin)
    finding = check_pins(Settings(), Gate(runs=False))
    assert (finding.verdict, finding.remedy) == ("bad", "sudo systemctl stop smile-gate.service")
    assert "another program holds it" in finding.text


def test_no_gpio_here(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "lgpio_is_not_here")
    Device.pin_factory = None
    finding = machine.finding("pins")
    assert (finding.verdict, finding.remedy) == ("bad", "sudo apt install python3-lgpio")


def test_without_a_file_no_pin_is_tried(machine: Machine, pins: MockFactory) -> None:
    """The defaults' shutter would switch a relay on that pin that is active low."""
    findings = examine(None, machine.socket, machine.probes)
    said = {finding.subject: (finding.verdict, finding.text) for finding in findings}
    assert said["pins"] == ("good", "none configured")
    assert said["settings"] == ("good", "the defaults, no file")
    assert not list(pins.pins)


def test_settings_that_this_user_may_not_read_are_not_the_defaults(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is known then of a camera, which is not missed, and of pins."""
    machine.answer(list_attached=lambda: ())
    path = machine.config
    monkeypatch.setattr("edge.settings.load.INSTALLED", path)
    path.chmod(0)
    with unprivileged():
        settings, finding = check_settings(installed_file())
    assert finding.verdict == "warning"
    assert finding.text.startswith(f"{path}: expected a file that this user may read, ")
    assert finding.remedy == f"sudo smile-gate doctor --config {path}"
    assert not list(check_cameras(machine.probes, settings, Gate(runs=False)))
    [finding] = check_cameras(machine.probes, settings, Gate(runs=True))
    assert finding.text == "all, left to the running gate"
    assert check_pins(settings, Gate(runs=False)).text == "none configured"


@pytest.mark.parametrize("there", [True, False])
def test_a_key_output_needs_a_keyboard(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    class NoKeyboard:
        def __init__(self, output: str, key: str) -> None:
            if not there:
                raise OutputError(f"outputs.{output}: no {key}", output)

        def close(self) -> None: ...

    monkeypatch.setattr(parts, "UinputKeyboard", NoKeyboard)
    assert machine.findings("keyboard") == []
    machine.more = '[outputs.nod]\nkind = "key"\nkey = "f13"\n'
    (finding,) = machine.findings("keyboard")
    expected = ("good", "outputs.nod may press f13") if there else ("bad", "outputs.nod: no f13")
    assert (finding.verdict, finding.text) == expected
