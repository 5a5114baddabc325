from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path
from typing import Any, NoReturn

import pytest
from gpiozero import Device, DigitalOutputDevice
from gpiozero.pins.mock import MockFactory, MockPin

from edge.diagnose.checks import parts
from edge.diagnose.checks.parts import check_pins
from edge.diagnose.checks.service import Gate
from edge.diagnose.doctor import examine
from edge.errors import OutputError
from edge.settings import SHIPPED_BUNDLE, Settings
from tests.edge.diagnose.examined_machine import ATTACHED, Machine
from tests.edge.outputs.harness import levels


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
        ("http://10.0.0.1/", "good"),
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
    finding = machine.finding("camera")
    assert (finding.verdict, "Permission denied" in finding.text) == (verdict, True)
    assert finding.remedy.startswith("sudo usermod -aG video $USER")


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
