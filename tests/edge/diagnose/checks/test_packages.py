from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from edge.diagnose.checks.interface import Finding
from edge.diagnose.checks.packages import LITERT, PACKAGES, REINSTALL, check_package
from tests.edge.diagnose.examined_machine import Machine, distributions


def check(name: str, source: str = "demo") -> Finding:
    [package] = [package for package in PACKAGES if package.module == name]
    return check_package(package, source, distributions())


def test_a_package_says_its_version_and_where_it_is() -> None:
    finding = check("gpiozero")
    assert finding.text.startswith("2.")
    assert finding.text.endswith("gpiozero/__init__.py")


def test_a_package_of_another_build_is_bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "picamera2.py").write_text("raise ValueError('numpy.dtype size\\nchanged')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "picamera2", raising=False)
    finding = check("picamera2", "picamera2")
    assert (finding.verdict, finding.text) == ("bad", "can't be imported: numpy.dtype size")


@pytest.mark.parametrize(
    ("name", "source", "verdict", "remedy"),
    [
        ("tomlkit", "demo", "bad", REINSTALL),
        ("picamera2", "picamera2:1", "bad", "sudo apt install python3-picamera2"),
        ("picamera2", "v4l2:/dev/video0", "warning", "sudo apt install python3-picamera2"),
    ],
)
def test_a_missing_package_is_bad_where_it_is_needed(
    monkeypatch: pytest.MonkeyPatch, name: str, source: str, verdict: str, remedy: str
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    finding = check(name, source)
    assert (finding.verdict, finding.remedy) == (verdict, remedy)
    assert finding.text.startswith("can't be imported: ")


def test_the_older_runtime_serves_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, LITERT.module, None)
    monkeypatch.setitem(sys.modules, "tflite_runtime", sys)
    monkeypatch.setitem(sys.modules, LITERT.instead, json)
    assert check(LITERT.module).verdict == "good"
    monkeypatch.setitem(sys.modules, LITERT.instead, None)
    finding = check(LITERT.module)
    assert (finding.subject, finding.verdict) == ("ai_edge_litert", "bad")


LGPIO = """
import os, pathlib
pathlib.Path(os.environ["LG_WD"], ".lgd-nfy0").touch(exist_ok=False)
"""


def test_a_board_needs_lgpio(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service uses its pins through it. Doctor leaves none of its pipes behind."""
    assert not machine.findings("lgpio")
    machine.be_a_board()
    monkeypatch.setitem(sys.modules, "lgpio", None)
    finding = machine.finding("lgpio")
    assert (finding.verdict, finding.remedy) == ("bad", "sudo apt install python3-lgpio")
    (machine.folder / "lgpio.py").write_text(LGPIO)
    monkeypatch.syspath_prepend(machine.folder)
    monkeypatch.delitem(sys.modules, "lgpio")
    monkeypatch.delenv("LG_WD")
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY")
    assert machine.finding("lgpio").verdict == "good"
    monkeypatch.delitem(sys.modules, "lgpio")
    assert os.environ["GPIOZERO_PIN_FACTORY"] == "lgpio"
    assert not Path(os.environ["LG_WD"]).exists()
    assert not (machine.folder / ".lgd-nfy0").exists()
