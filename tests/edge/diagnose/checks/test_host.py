from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from edge.diagnose.checks import host
from edge.diagnose.checks.interface import Probes
from edge.service.board import Health
from edge.settings import Settings
from tests.edge.diagnose.examined_machine import Machine


def test_the_machine_and_python_are_named() -> None:
    assert platform.release() in host.check_machine(Probes()).text
    assert host.check_python(Probes()).text == f"{platform.python_version()} in {sys.prefix}"


def test_a_board_tells_its_name_and_32_bit_is_bad(machine: Machine) -> None:
    machine.be_a_board()
    machine.answer(is_64_bit=False, os_release=dict)
    finding = host.check_machine(machine.probes)
    assert finding.text == "Raspberry Pi 5 Model B Rev 1.0, Linux, 32-bit"
    assert (finding.verdict, finding.remedy) == ("bad", "install a 64-bit system")


def test_a_system_without_a_release_name() -> None:
    def fail() -> NoReturn:
        raise OSError("no os-release")

    assert "Linux" in host.check_machine(Probes(os_release=fail)).text


@pytest.mark.parametrize(
    ("version", "verdict"),
    [((3, 10), "bad"), ((3, 11), "good"), ((3, 13), "good"), ((3, 14), "bad")],
)
def test_pythons(version: tuple[int, int], verdict: str) -> None:
    finding = host.check_python(Probes(python=version))
    assert (finding.verdict, bool(finding.remedy)) == (verdict, verdict == "bad")


@pytest.mark.parametrize(
    ("user", "ids", "lacking"),
    [
        (0, [20], ""),
        (1000, [20, 44, 993, 12345], ""),
        (1000, [20, 44], "gpio"),
        (1000, [20], "video, gpio"),
    ],
)
def test_groups(user: int, ids: list[int], lacking: str) -> None:
    names = {20: "dialout", 44: "video", 993: "gpio"}
    probes = Probes(user_id=lambda: user, group_ids=lambda: ids, group_name=names.__getitem__)
    finding = host.check_groups(probes)
    assert finding.verdict == ("warning" if lacking else "good")
    assert lacking in finding.text
    assert lacking.replace(" ", "") in finding.remedy


@pytest.mark.parametrize(("free_mb", "verdict"), [(199, "bad"), (201, "good")])
def test_a_full_disk_is_bad(machine: Machine, free_mb: int, verdict: str) -> None:
    machine.answer(free_mb=lambda _: free_mb)
    finding = machine.finding("disk")
    assert (finding.verdict, finding.text) == (verdict, f"{machine.folder}: {free_mb} MB free")


def test_the_folders_of_snapshots_are_checked_before_they_exist(machine: Machine) -> None:
    machine.more = '[outputs.album]\nkind = "snapshot"\nfolder = "album/2026"'
    folders = [finding.text.partition(":")[0] for finding in machine.findings("disk")]
    assert folders == [str(machine.folder), str(machine.folder / "album" / "2026")]


def test_a_folder_that_may_not_be_written_to(machine: Machine) -> None:
    machine.answer(is_writable=lambda path, _: path != machine.folder)
    finding = machine.finding("disk")
    assert (finding.verdict, finding.remedy) == ("warning", f"sudo chown $USER {machine.folder}")


@pytest.mark.parametrize("blocker", ["file", "dangling link"])
def test_a_folder_that_cannot_be_made(machine: Machine, blocker: str) -> None:
    in_the_way = machine.folder / "album"
    if blocker == "file":
        in_the_way.touch()
    else:
        in_the_way.symlink_to("gone")
    machine.more = '[outputs.album]\nkind = "snapshot"\nfolder = "album/2026"'
    finding = machine.finding("disk")
    assert finding.verdict == "bad"
    assert finding.text == f"{in_the_way / '2026'}: can't be made, as {in_the_way} is no folder"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may ask what another user may do")
def test_the_service_s_user_must_be_able_to_make_the_folders_of_its_settings(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.more = '[outputs.album]\nkind = "snapshot"\nfolder = "album"'
    monkeypatch.setattr("edge.settings.load.INSTALLED", machine.config)
    monkeypatch.setattr("edge.diagnose.doctor.USER", "nobody")
    album = machine.folder / "album"
    text = f"{album}: can't be made by nobody"
    [finding] = [finding for finding in machine.findings("disk") if finding.text == text]
    assert (finding.verdict, finding.remedy) == ("bad", f"sudo install -d -o nobody {album}")


def test_a_folder_that_may_not_be_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    """For example the service's own: Path.is_dir raises there, before Python 3.14. Patched, as
    root may look into every folder."""

    def refuse(_: Path) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_dir", refuse)
    assert [finding.verdict for finding in host.check_disk(Probes(), Settings())] == ["good"]


@pytest.mark.parametrize(
    ("health", "verdict", "text"),
    [
        (Health(51.2, 0x0), "good", "51 degrees Celsius"),
        (
            Health(51.2, 0x50000),
            "warning",
            "51 degrees Celsius; since the start: the supply's voltage was too low, "
            "the processor was throttled",
        ),
        (Health(None, 0x50005), "warning", "no thermometer; the supply's voltage is too low"),
    ],
)
def test_power(health: Health, verdict: str, text: str) -> None:
    finding = host.check_power(Probes(read_health=lambda: health))
    assert (finding.verdict, bool(finding.remedy)) == (verdict, verdict == "warning")
    assert finding.text.startswith(text)
