"""What doctor says of cameras, pins, permissions, disk and power."""

from __future__ import annotations

import grp
import os
import shutil
import sys
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
from gpiozero import Device, DigitalOutputDevice
from gpiozero.pins.mock import MockFactory

from edge.diagnose import doctor
from edge.diagnose.doctor import examine
from edge.errors import OutputError
from edge.service.board import Health
from tests.edge.diagnose.examined_machine import ATTACHED, Machine
from tests.edge.outputs.harness import levels

GROUPS = {20: "dialout", 44: "video", 993: "gpio"}
Usage = namedtuple("Usage", "total used free")
Group = namedtuple("Group", "gr_name")

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


@pytest.mark.parametrize("state", ["active", "activating", "reloading", "deactivating"])
def test_pins_and_camera_of_a_gate_that_may_not_be_asked_are_left_alone(
    machine: Machine, state: str
) -> None:
    machine.patch.setattr(doctor, "Outputs", None)
    machine.patch.setattr(doctor, "list_attached", None)
    machine.said_by({("systemctl", "is-active", "smile-gate.service"): state})
    assert machine.about("camera").words == "v4l2:/dev/video0, left to the running gate"
    assert machine.about("pins").words == "GPIO 17; the running gate has them"
    found = machine.about("service")
    assert (found.verdict, found.words.partition(",")[0]) == ("warning", state)


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
    path = machine.folder / "none.toml"
    found = [one for one in examine(path, machine.socket) if one.about == "pins"]
    assert [(one.verdict, one.words) for one in found] == [("good", "none configured")]


def test_without_a_file_no_pin_is_tried(machine: Machine, pins: MockFactory) -> None:
    """The defaults' shutter on GPIO 17 would switch a relay there that is active low."""
    found = {one.about: one for one in examine(None, machine.socket)}
    assert (found["pins"].verdict, found["pins"].words) == ("good", "none configured")
    assert found["settings"].words == "the defaults, no file"
    assert not list(pins.pins)


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


def test_power_that_was_too_low_before(machine: Machine) -> None:
    machine.patch.setattr(doctor, "read_health", lambda: Health(51.2, 0x50000))
    found = machine.about("power")
    assert found.verdict == "warning"
    assert found.words == (
        "51 degrees Celsius; since the start: the supply's voltage was too low, "
        "the processor was throttled"
    )
