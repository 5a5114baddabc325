"""Each thing that is looked at, when it is good and when it is not."""

from __future__ import annotations

import grp
import json
import os
import platform
import shutil
import sys
from collections import namedtuple
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from gpiozero import Device, DigitalOutputDevice
from gpiozero.pins.mock import MockFactory

from edge import config, doctor
from edge.board import Health
from edge.cameras import Attached
from edge.doctor import Finding, examine
from edge.errors import MissingPackageError, OutputError
from edge.settings import SHIPPED_BUNDLE
from edge.status import StatusServer
from tests.edge.outputs.acting import levels

ATTACHED = (
    Attached("picamera2:0", "imx708", ("1536x864 at 120 fps",)),
    Attached("v4l2:/dev/video0", "Webcam", ("YUYV: 640x480",)),
    Attached("v4l2:/dev/video10", "can't be opened: Permission denied", ()),
)
REPORT: Mapping[str, Any] = {"fps": 29.9, "uptime_s": 12.3, "faults": [], "warnings": []}
GROUPS = {20: "dialout", 44: "video", 993: "gpio"}

DISTRIBUTIONS = packages_distributions()

Usage = namedtuple("Usage", "total used free")
Group = namedtuple("Group", "gr_name")


class Machine:
    """A machine on which all is well, to be changed by a test, and what doctor says of it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.socket = folder / "s"
        self.patch = monkeypatch
        self.source = "v4l2:/dev/video0"
        self.more = ""
        monkeypatch.chdir(folder)
        monkeypatch.setattr(doctor, "packages_distributions", lambda: DISTRIBUTIONS)
        monkeypatch.setattr(doctor, "list_attached", lambda: iter(ATTACHED[:2]))
        monkeypatch.setattr(doctor, "read_health", lambda: Health(51.2, 0x50000))
        self.said_by({("systemctl", "is-active", "smile-gate.service"): "inactive"})

    def said_by(self, programs: Mapping[Sequence[str], str]) -> None:
        self.patch.setattr(
            doctor, "_output_of", lambda command: programs.get(tuple(command[:3]), "")
        )

    @property
    def config(self) -> Path:
        path = self.folder / "c.toml"
        path.write_text(
            f'[camera]\nsource = "{self.source}"\n{self.more}\n'
            '[outputs.photo]\nkind = "shutter"\npin = 17\n'
        )
        return path

    def all(self) -> list[Finding]:
        return list(examine(config.load(self.config).settings, self.socket))

    def about(self, what: str) -> Finding:
        """Return the one, or the last, finding about something; what is not good has a mend."""
        findings = self.all()
        for one in findings:
            assert bool(one.mend) == (one.verdict != "good"), one
        return [one for one in findings if one.about == what][-1]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


@pytest.fixture
def running(machine: Machine) -> Iterator[dict[str, Any]]:
    """A gate that answers with this report."""
    report = dict(REPORT)
    with closing(StatusServer(machine.socket, lambda: report)):
        yield report


@pytest.mark.usefixtures("running")
def test_a_machine_on_which_all_is_well(machine: Machine) -> None:
    machine.patch.setitem(sys.modules, "picamera2", sys.modules[__name__])
    findings = machine.all()
    assert {one.verdict for one in findings} == {"good"}, findings
    assert [one.about for one in findings] == [
        "machine", "python", "numpy", "cv2", "ai_edge_litert", "gpiozero", "msgspec", "tomlkit",
        findings[8].about, "cascade", "model", "camera", "camera", "pins", "groups", "disk",
        "power", "service", "journal",
    ]  # fmt: skip


def test_the_machine_and_python_are_named(machine: Machine) -> None:
    assert platform.release() in machine.about("machine").words
    assert machine.about("python").words == f"{platform.python_version()} in {sys.prefix}"


def test_a_board_tells_its_name(machine: Machine, tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    machine.patch.setattr(doctor, "DEVICE_TREE", model)
    assert machine.about("machine").words.startswith("Raspberry Pi 5 Model B Rev 1.0, ")


def test_32_bit_is_bad(machine: Machine) -> None:
    machine.patch.setattr(sys, "maxsize", 2**31 - 1)
    found = machine.about("machine")
    assert (found.verdict, "32-bit" in found.words) == ("bad", True)


def test_a_system_without_a_name_is_one(machine: Machine) -> None:
    def nothing() -> dict[str, str]:
        raise OSError("no os-release")

    machine.patch.setattr(platform, "freedesktop_os_release", nothing)
    assert "Linux" in machine.about("machine").words


@pytest.mark.parametrize(
    ("version", "verdict"),
    [((3, 10), "bad"), ((3, 11), "good"), ((3, 13), "good"), ((3, 14), "bad")],
)
def test_pythons(machine: Machine, version: tuple[int, int], verdict: str) -> None:
    machine.patch.setattr(sys, "version_info", (*version, 1))
    assert machine.about("python").verdict == verdict


# Packages


def test_a_package_says_its_version_and_where_it_is(machine: Machine) -> None:
    found = machine.about("gpiozero")
    assert found.words.startswith("2.")
    assert found.words.endswith("gpiozero/__init__.py")


def test_a_missing_package_is_bad(machine: Machine) -> None:
    machine.patch.setitem(sys.modules, "tomlkit", None)
    found = machine.about("tomlkit")
    assert (found.verdict, found.mend) == ("bad", "pip install tomlkit")
    assert found.words.startswith("can't be imported: ")


def test_a_package_of_another_build_is_bad(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "picamera2.py").write_text("raise ValueError('numpy.dtype size\\nchanged')")
    machine.patch.syspath_prepend(tmp_path)
    machine.patch.delitem(sys.modules, "picamera2", raising=False)
    machine.source = "picamera2"
    found = machine.about("picamera2")
    assert (found.verdict, found.words) == ("bad", "can't be imported: numpy.dtype size")


@pytest.mark.parametrize(
    ("source", "verdict"), [("picamera2:1", "bad"), ("v4l2:/dev/video0", "warning")]
)
def test_picamera2_is_needed_for_its_cameras_only(
    machine: Machine, source: str, verdict: str
) -> None:
    machine.patch.setitem(sys.modules, "picamera2", None)
    machine.source = source
    found = machine.about("picamera2")
    assert (found.verdict, found.mend) == (verdict, "sudo apt install python3-picamera2")


def test_the_older_runtime_does_as_well(machine: Machine) -> None:
    machine.patch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    machine.patch.setitem(sys.modules, "tflite_runtime", sys)
    machine.patch.setitem(sys.modules, "tflite_runtime.interpreter", json)
    words = doctor._package(doctor.PACKAGES[2], "demo", {})
    assert words.verdict == "good"
    machine.patch.setitem(sys.modules, "tflite_runtime.interpreter", None)
    found = doctor._package(doctor.PACKAGES[2], "demo", {})
    assert (found.about, found.verdict) == ("ai_edge_litert", "bad")


def test_missing_cascades(machine: Machine) -> None:
    assert machine.about("cascade").words.endswith(".xml")

    def none() -> Path:
        raise MissingPackageError("none here", name="cv2")

    machine.patch.setattr(doctor, "find_cascade", none)
    assert machine.about("cascade").verdict == "bad"


# Model


def test_the_model_is_tried(machine: Machine) -> None:
    words = machine.about("model").words
    assert words.startswith("smilenet, SHA-256 ")
    assert "self-test passed, " in words


@pytest.mark.parametrize("broken", ["gone", "altered", "self-test"])
def test_a_broken_bundle_is_bad(machine: Machine, broken: str) -> None:
    folder = Path(shutil.copytree(SHIPPED_BUNDLE, machine.folder / "bundle"))
    if broken == "gone":
        shutil.rmtree(folder)
    elif broken == "altered":
        (folder / "smilenet.tflite").write_bytes(b"x")
    else:
        manifest = json.loads((folder / "manifest.json").read_text())
        (folder / "manifest.json").write_text(json.dumps({**manifest, "self_test": [0.9] * 8}))
    machine.more = '[model]\nbundle = "bundle"'
    assert machine.about("model").verdict == "bad"


# Cameras


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
def test_the_camera_of_the_settings_is_looked_for(
    machine: Machine, source: str, verdict: str
) -> None:
    machine.patch.setattr(doctor, "list_attached", lambda: iter(ATTACHED))
    machine.patch.setitem(sys.modules, "picamera2", None)
    machine.source = source
    found = machine.all()
    bad = [one for one in found if one.about == "camera" and one.verdict == "bad"]
    assert bool(bad) == (verdict == "bad")
    assert all(source in one.words for one in bad)


def test_a_camera_is_found_by_the_name_that_udev_gives_it(machine: Machine) -> None:
    link = machine.folder / "by-id"
    link.symlink_to("/dev/video0")
    machine.source = f"v4l2:{link}"
    assert machine.about("camera").verdict == "good"


@pytest.mark.parametrize(("source", "verdict"), [("v4l2:10", "bad"), ("demo", "warning")])
def test_a_camera_that_may_not_be_opened(machine: Machine, source: str, verdict: str) -> None:
    machine.patch.setattr(doctor, "list_attached", lambda: iter(ATTACHED))
    machine.source = source
    found = machine.about("camera")
    assert (found.verdict, "Permission denied" in found.words) == (verdict, True)
    assert found.mend.startswith("sudo usermod -aG video $USER")


# Pins


def test_pins_are_tried_and_free_again(machine: Machine, pins: MockFactory) -> None:
    words = machine.about("pins").words
    assert words == "GPIO 17, at their safe level, through MockFactory"
    assert levels(pins.pin(17)) == [0]
    assert pins.pin(17).function == "input"


@pytest.mark.parametrize("faults", [[], ["stalled"]])
def test_pins_of_a_gate_that_runs_are_left_alone(
    machine: Machine, running: dict[str, Any], faults: list[str]
) -> None:
    running["faults"] = faults
    machine.patch.setattr(doctor, "Outputs", None)
    assert machine.about("pins").words == "GPIO 17; the running gate has them"


def test_pins_of_a_gate_that_may_not_be_asked_are_left_alone(machine: Machine) -> None:
    machine.patch.setattr(doctor, "Outputs", None)
    machine.said_by({("systemctl", "is-active", "smile-gate.service"): "active"})
    assert machine.about("pins").words == "GPIO 17; the running gate has them"
    found = machine.about("service")
    assert (found.verdict, found.words[:11]) == ("warning", "active, but")


def test_a_pin_that_cannot_be_had_is_bad(machine: Machine) -> None:
    held = DigitalOutputDevice(17)
    found = machine.about("pins")
    assert (found.verdict, "GPIO 17" in found.words) == ("bad", True)
    held.close()


def test_a_pin_that_another_program_holds(machine: Machine) -> None:
    def busy(*_: object) -> None:
        raise OutputError("GPIO busy; another program holds it, perhaps", "photo", 17)

    machine.patch.setattr(doctor, "Outputs", busy)
    assert machine.about("pins").mend == "sudo systemctl stop smile-gate.service"


def test_no_gpio_here(machine: Machine) -> None:
    machine.patch.setenv("GPIOZERO_PIN_FACTORY", "lgpio_is_not_here")
    machine.patch.setattr(Device, "pin_factory", None)
    found = machine.about("pins")
    assert (found.verdict, found.mend) == ("bad", "sudo apt install python3-lgpio")


def test_without_outputs_there_are_no_pins(machine: Machine) -> None:
    (machine.folder / "none.toml").write_text('[camera]\nsource = "demo"')
    settings = config.load(machine.folder / "none.toml").settings
    found = [one for one in examine(settings, machine.socket) if one.about == "pins"]
    assert [(one.verdict, one.words) for one in found] == [("good", "none configured")]


# Permissions, disk, power


@pytest.mark.parametrize(
    ("user", "mine", "lacking"),
    [
        (0, [], ""),
        (1000, [20, 44, 993, 12345], ""),
        (1000, [44], "gpio"),
        (1000, [], "video, gpio"),
    ],
)
def test_groups(machine: Machine, user: int, mine: list[int], lacking: str) -> None:
    def name(number: int) -> Group:
        return Group(GROUPS[number])

    machine.patch.setattr(os, "geteuid", lambda: user)
    machine.patch.setattr(os, "getegid", lambda: 20)
    machine.patch.setattr(os, "getgroups", lambda: mine)
    machine.patch.setattr(grp, "getgrgid", name)
    found = machine.about("groups")
    assert found.verdict == ("warning" if lacking else "good")
    assert lacking in found.words
    assert lacking.replace(" ", "") in found.mend


@pytest.mark.parametrize(("free_mb", "verdict"), [(199, "bad"), (201, "good")])
def test_a_full_disk_is_bad(machine: Machine, free_mb: int, verdict: str) -> None:
    machine.patch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, free_mb * 10**6))
    found = machine.about("disk")
    assert (found.verdict, found.words) == (verdict, f"{machine.folder}: {free_mb} MB free")


def test_the_folders_of_snapshots_are_looked_at_before_they_are_there(machine: Machine) -> None:
    machine.more = '[outputs.album]\nkind = "snapshot"\nfolder = "album/2026"'
    found = [one for one in machine.all() if one.about == "disk"]
    assert [one.words.partition(":")[0] for one in found] == [
        str(machine.folder),
        str(machine.folder / "album" / "2026"),
    ]


def test_a_folder_that_may_not_be_written_to(machine: Machine) -> None:
    machine.patch.setattr(os, "access", lambda path, _: path != machine.folder)
    found = machine.about("disk")
    assert (found.verdict, found.mend) == ("warning", f"sudo chown $USER {machine.folder}")


def test_a_folder_that_may_not_even_be_looked_at(machine: Machine) -> None:
    """Such as the service's own, for somebody else."""
    is_dir = Path.is_dir

    def refuse(path: Path) -> bool:
        if path.name == "album":
            raise PermissionError(13, "Permission denied")
        return is_dir(path)

    machine.patch.setattr(Path, "is_dir", refuse)
    machine.more = '[outputs.album]\nkind = "snapshot"\nfolder = "album"'
    assert machine.about("disk").verdict == "good"


def test_power(machine: Machine) -> None:
    assert machine.about("power").words == "51 degrees Celsius"
    machine.patch.setattr(doctor, "read_health", lambda: Health(None, 0x50005))
    found = machine.about("power")
    assert found.verdict == "warning"
    assert found.words.startswith("no thermometer; the supply's voltage is too low")


# The service


def test_a_gate_that_runs(machine: Machine, running: dict[str, Any]) -> None:
    assert machine.about("service").words == "29.9 frames per second for 12.3 s"
    running.update(faults=["no camera"], warnings=["hot"])
    found = machine.about("service")
    assert (found.verdict, found.words.partition("; ")[2]) == ("warning", "no camera; hot")
    running.clear()  # of another version
    assert machine.about("service").verdict == "good"


def test_no_gate_runs(machine: Machine) -> None:
    found = machine.about("service")
    assert (found.verdict, found.words[:10]) == ("warning", "inactive; ")
    assert "systemctl start smile-gate.service" in found.mend
    machine.said_by({})
    assert machine.about("service").words.startswith("unknown; ")


def test_the_last_warnings_of_the_journal(machine: Machine) -> None:
    assert machine.about("journal").words == "no warnings"
    machine.said_by({("journalctl", "--unit", "smile-gate.service"): "one\ntwo"})
    assert machine.about("journal").words == "one | two"


def test_a_program_that_is_missing_or_fails_says_nothing() -> None:
    assert doctor._output_of(["no-such-program"]) == ""
    assert doctor._output_of(["sh", "-c", "echo said; exit 3"]) == "said"


# The verb


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        (["good"], 0),
        (["good", "warning"], 1),
        (["bad"], 2),
        (["warning", "bad", "good"], 2),
    ],
)
def test_exit_codes_and_words(
    smile_gate: Any, monkeypatch: pytest.MonkeyPatch, verdicts: list[Any], code: int
) -> None:
    findings = [
        Finding(f"t{number}", verdict, "words", "" if verdict == "good" else "do this")
        for number, verdict in enumerate(verdicts)
    ]
    monkeypatch.setattr("edge.cli.examine", lambda *_: iter(findings))
    got, out, err = smile_gate("doctor")
    assert (got, err) == (code, "")
    assert out.count("to mend it: do this") == sum(one != "good" for one in verdicts)
    assert [line.split()[:2] for line in out.splitlines() if "mend" not in line] == [
        [one.verdict, one.about] for one in findings
    ]
    got, out, _ = smile_gate("doctor", "--json")
    assert got == code
    assert [set(one) for one in json.loads(out)] == [{"about", "verdict", "words", "mend"}] * len(
        findings
    )


def test_the_verb_for_real(smile_gate: Any, machine: Machine) -> None:
    code, out, _ = smile_gate("doctor", "--config", machine.config, "--socket", machine.socket)
    assert code in {1, 2}
    assert "warning  service" in out


def test_settings_that_are_bad_are_one_line(smile_gate: Any, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("=")
    code, out, err = smile_gate("doctor", "--config", tmp_path / "c.toml")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
