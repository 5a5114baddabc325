"""The unit and its drop-ins, as systemd-analyze verifies and rates them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze"
)

UNIT = "smile-gate.service"
DROP_INS = [(), ("network.conf",), ("second-camera.conf",), ("network.conf", "second-camera.conf")]


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, with a program that exists: systemd-analyze checks that."""
    text = (ROOT / "systemd" / UNIT).read_text()
    path = tmp_path / UNIT
    path.write_text(with_a_program(text))
    return path


def with_a_program(text: str) -> str:
    return text.replace("/opt/smile-gate/current/venv/bin/smile-gate", "/bin/true")


def add(unit: Path, *drop_ins: str) -> None:
    folder = unit.with_name(f"{unit.name}.d")
    folder.mkdir()
    for name in drop_ins:
        (folder / name).write_text(with_a_program((ROOT / "systemd" / name).read_text()))


def analyze(*arguments: str) -> str:
    done = subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("drop_ins", DROP_INS)
def test_systemd_finds_nothing_wrong(unit: Path, drop_ins: tuple[str, ...]) -> None:
    add(unit, *drop_ins)
    assert analyze("verify", str(unit)) == ""


@pytest.mark.parametrize("drop_ins", DROP_INS)
def test_exposure(unit: Path, drop_ins: tuple[str, ...]) -> None:
    add(unit, *drop_ins)
    rating = analyze("security", "--offline=true", str(unit))
    exposure = re.search(r"exposure level for \S+: ([\d.]+)", rating)
    assert exposure is not None
    assert float(exposure[1]) <= (1.8 if "network.conf" in drop_ins else 1.2)
