"""Each thing that is looked at, when it is good and when it is not."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory

from edge.diagnose import doctor
from edge.diagnose.doctor import REINSTALL, Finding
from edge.errors import MissingPackageError
from edge.settings import SHIPPED_BUNDLE
from tests.edge.diagnose.examined_machine import Machine


@pytest.mark.usefixtures("running")
def test_a_machine_on_which_all_is_well(machine: Machine) -> None:
    machine.patch.setitem(sys.modules, "picamera2", sys.modules[__name__])
    findings = machine.all()
    assert {one.verdict for one in findings} == {"good"}, findings
    assert [one.about for one in findings] == [
        "machine", "python", "settings", "numpy", "cv2", "ai_edge_litert", "gpiozero", "msgspec",
        "tomlkit", findings[9].about, "cascade", "model", "edge tpu", "camera", "camera", "pins",
        "groups", "disk", "power", "service", "journal",
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
    assert (found.verdict, found.mend) == ("bad", REINSTALL)
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


LGPIO = """
import os, pathlib
pathlib.Path(os.environ["LG_WD"], ".lgd-nfy0").touch(exist_ok=False)
"""


def test_a_board_needs_the_pins_library_of_the_service(machine: Machine, tmp_path: Path) -> None:
    """And leaves no pipe of that one behind."""
    assert "lgpio" not in {one.about for one in machine.all()}
    (tmp_path / "model").write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    machine.patch.setattr(doctor, "DEVICE_TREE", tmp_path / "model")
    machine.patch.setitem(sys.modules, "lgpio", None)
    found = machine.about("lgpio")
    assert (found.verdict, found.mend) == ("bad", "sudo apt install python3-lgpio")
    (tmp_path / "lgpio.py").write_text(LGPIO)
    machine.patch.syspath_prepend(tmp_path)
    machine.patch.delitem(sys.modules, "lgpio")
    machine.patch.delenv("LG_WD")
    machine.patch.delenv("GPIOZERO_PIN_FACTORY")
    assert machine.about("lgpio").verdict == "good"
    machine.patch.delitem(sys.modules, "lgpio")
    assert os.environ["GPIOZERO_PIN_FACTORY"] == "lgpio"
    assert not Path(os.environ["LG_WD"]).exists()
    assert not (machine.folder / ".lgd-nfy0").exists()


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


@pytest.mark.parametrize(
    ("program", "verdict", "words"),
    [
        ("echo one; echo '-- Boot 0123 --'; echo two", "good", "one | two"),
        ("echo '-- No entries --'", "good", "no warnings"),
        (
            "echo Hint: You are currently not seeing messages from other users >&2",
            "warning",
            "Hint: You are currently not seeing messages from other users",
        ),
        ("exit 1", "warning", "journalctl ended with code 1"),
    ],
)
def test_a_journal_that_may_not_be_read_is_not_without_warnings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, verdict: str, words: str
) -> None:
    (tmp_path / "journalctl").write_text(f"#!/bin/sh\n{program}\n")
    (tmp_path / "journalctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    mend = "" if verdict == "good" else "sudo smile-gate doctor"
    assert doctor._journal() == Finding("journal", verdict, words, mend)  # type: ignore[arg-type]


def test_a_service_that_failed_is_bad(machine: Machine) -> None:
    machine.said_by({("systemctl", "is-active", "smile-gate.service"): "failed"})
    found = machine.about("service")
    assert (found.verdict, found.words[:8]) == ("bad", "failed; ")


def test_what_a_program_says_and_complains_of() -> None:
    assert doctor._said(["no-such-program"]) == ("", "")
    assert doctor._said(["sh", "-c", "echo said; exit 3"]) == ("said", "sh ended with code 3")
    assert doctor._said(["sh", "-c", "echo said; echo bad >&2"]) == ("said", "bad")


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
    monkeypatch.setattr("edge.cli.diagnose.examine", lambda *_: iter(findings))
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


def test_the_service_s_own_settings_are_the_default(smile_gate: Any, machine: Machine) -> None:
    machine.patch.setattr("edge.settings.load.INSTALLED", machine.config)
    findings = json.loads(smile_gate("doctor", "--json", "--socket", machine.socket)[1])
    words = {one["about"]: one["words"] for one in findings}
    assert words["settings"] == str(machine.config)
    assert words["pins"].startswith("GPIO 17, ")


@pytest.mark.parametrize("how", ["file", "environment"])
def test_settings_that_are_bad_are_one_finding_of_many(
    smile_gate: Any, machine: Machine, pins: MockFactory, how: str
) -> None:
    path, mend = machine.config, "unset it, or mend it"
    if how == "file":
        path.write_text(f"{path.read_text()}[trigger]\nholds = 3\n")
        mend = f"sudo nano {path}"
    else:
        machine.patch.setenv("SMILE_GATE_TRIGGER__HOLDS", "3")
    arguments = ("doctor", "--config", path, "--socket", machine.socket)
    code, out, err = smile_gate(*arguments, "--json")
    findings = {one["about"]: one for one in json.loads(out)}
    assert (code, err) == (2, "")
    assert "trigger.holds: expected a key among" in findings["settings"]["words"]
    assert (findings["settings"]["verdict"], findings["settings"]["mend"]) == ("bad", mend)
    assert findings["pins"]["words"] == "none configured"
    assert findings["model"]["verdict"] == "good"
    assert not list(pins.pins)
