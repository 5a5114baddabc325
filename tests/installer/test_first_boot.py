"""A fresh card: what cloud-init runs at the first boot, and what that starts."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.installer.fake_root import FakeRoot

FIRST_BOOT = ROOT / "systemd/first-boot"
USER_DATA = FIRST_BOOT / "user-data"
SETTINGS = "etc/smile-gate/smile-gate.toml"
SOURCES = "usr/local/src/smile-gate"
REPORT = "boot/firmware/smile-gate-install.txt"


@pytest.mark.parametrize("from_line", ["#cloud-config", "runcmd:"])
def test_cloud_init_accepts_all_of_it_and_its_part_for_imager_s_file(
    tmp_path: Path, from_line: str
) -> None:
    if not shutil.which("cloud-init"):
        pytest.skip("cloud-init is not here (sudo apt install cloud-init)")
    text = USER_DATA.read_text()
    file = tmp_path / "user-data"
    file.write_text("#cloud-config\n" + text[text.index(from_line) :])
    call = ["cloud-init", "schema", "--config-file", str(file)]
    done = subprocess.run(call, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def commands(fake_root: FakeRoot) -> list[list[str]]:
    """What cloud-init runs, with paths in the fake root."""
    below = re.compile(r"^(?=/(?:boot|usr)/)")
    lists = re.findall(r"^  - (\[.*\])$", USER_DATA.read_text(), re.MULTILINE)
    return [[below.sub(str(fake_root.root), word) for word in json.loads(line)] for line in lists]


@pytest.fixture
def card(fake_root: FakeRoot) -> FakeRoot:
    """A card as its owner prepares it, with settings that cannot work."""
    boot = fake_root.root / "boot/firmware"
    boot.mkdir(parents=True)
    with tarfile.open(boot / "smile-gate.tar.gz", "w:gz") as tar:
        tar.add(fake_root.tree, "smile-gate-main")
    shutil.rmtree(fake_root.tree)
    fake_root.tree = fake_root.root / SOURCES
    (boot / "smile-gate.toml").write_text("[trigger]\nhold = 1\n")
    fake_root.variables["SMILE_GATE_ROOT"] = str(fake_root.root)
    fake_root.shadow("systemctl", f'echo "$@" >>{fake_root.programs}/calls')
    return fake_root


def test_a_fresh_card_installs_the_gate_with_its_owner_s_settings(card: FakeRoot) -> None:
    for command in commands(card):
        done = subprocess.run(
            command,
            check=False,
            env={"PATH": f"{card.programs}:/usr/bin:/bin"},
            capture_output=True,
        )
        assert done.returncode == 0, done.stderr
    ssh, first_boot = (card.programs / "calls").read_text().splitlines()
    assert ssh == "enable --now ssh"
    unit = Path(first_boot.removeprefix("enable --now --no-block "))
    [start] = re.findall(r"^ExecStart=(.*)$", unit.read_text(), re.MULTILINE)
    script = f"{card.root}{start}"

    assert card.call([script]).returncode == 1
    report = (card.root / REPORT).read_bytes().decode()
    assert "release 1 does not take the settings: " in report
    assert "trigger.hold: expected a key among" in report
    assert report.endswith("\r\nnot installed yet; the next try is in a minute\r\n")
    assert "disable" not in (card.programs / "calls").read_text()

    good = "[trigger]\nhold_s = 1\n"
    (card.root / "boot/firmware/smile-gate.toml").write_text(good)
    assert card.call([script]).returncode == 0
    assert (card.root / SETTINGS).read_text() == good
    assert card.current == "releases/1"
    assert "\r\ndone: release 1, " in (card.root / REPORT).read_bytes().decode()
    assert (card.programs / "calls").read_text().endswith("disable smile-gate-first-boot.service\n")


def test_packages_on_the_card_are_taken_instead_of_the_network(card: FakeRoot) -> None:
    script = card.tree / "systemd/first-boot/first-boot.sh"
    shutil.copytree(FIRST_BOOT, script.parent)
    install = card.tree / "install.sh"
    install.write_text('#!/bin/sh\necho "$@"\n')
    install.chmod(0o755)
    packages = card.root / "boot/firmware/smile-gate-packages"
    packages.mkdir()
    assert card.call([str(script)]).stdout.endswith(f"--offline {packages}\n")
