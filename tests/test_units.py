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
DROP_INS = [
    *((), ("network.conf",), ("second-camera.conf",), ("key.conf",)),
    ("network.conf", "second-camera.conf"),
]


@pytest.fixture(params=DROP_INS)
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The unit and drop-ins, with a program that exists: systemd-analyze checks that."""
    path = tmp_path / UNIT
    folder = tmp_path / f"{UNIT}.d"
    folder.mkdir()
    for file in (path, *(folder / name for name in request.param)):
        text = (ROOT / "systemd" / file.name).read_text()
        file.write_text(text.replace("/opt/smile-gate/current/venv/bin/smile-gate", "/bin/true"))
    return path


def analyze(*arguments: str) -> str:
    done = subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_systemd_finds_nothing_wrong(unit: Path) -> None:
    assert analyze("verify", str(unit)) == ""


def test_systemd_finds_nothing_wrong_with_the_first_boot(tmp_path: Path) -> None:
    name = "smile-gate-first-boot.service"
    text = (ROOT / "systemd/first-boot" / name).read_text()
    (tmp_path / name).write_text(
        re.sub("^ExecStart=.*", "ExecStart=/bin/true", text, flags=re.MULTILINE)
    )
    assert analyze("verify", str(tmp_path / name)) == ""


def test_exposure(unit: Path) -> None:
    rating = analyze("security", "--offline=true", str(unit))
    exposure = re.search(r"exposure level for \S+: ([\d.]+)", rating)
    assert exposure is not None
    networked = (unit.with_name(f"{UNIT}.d") / "network.conf").exists()
    assert float(exposure[1]) <= (1.8 if networked else 1.2)
