"""Checks of the machine itself: its system, Python, permissions, disk and power."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from edge.diagnose.checks.interface import Finding, Probes, Verdict
from edge.settings import Settings, SnapshotSettings

LEAST_FREE_MB = 200
GROUPS = ("video", "gpio")


def check_machine(probes: Probes) -> Finding:
    """Check that the system is a 64-bit one."""
    name = probes.board or platform.machine()
    try:
        release = probes.os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        release = platform.system()
    if not probes.is_64_bit:
        return Finding("machine", "bad", f"{name}, {release}, 32-bit", "install a 64-bit system")
    return Finding("machine", "good", f"{name}, {release}, kernel {platform.release()}")


def check_python(probes: Probes) -> Finding:
    """Check that the version of Python is a supported one."""
    text = f"{platform.python_version()} in {sys.prefix}"
    if not (3, 11) <= probes.python < (3, 14):
        return Finding("python", "bad", text, "use Python 3.11 to 3.13")
    return Finding("python", "good", text)


def check_groups(probes: Probes) -> Finding:
    """Check that this user may use cameras and pins."""
    names = set()
    for number in probes.group_ids():
        with suppress(KeyError):
            names.add(probes.group_name(number))
    lacking = [group for group in GROUPS if group not in names]
    if lacking and probes.user_id() != 0:
        remedy = f"sudo usermod -aG {','.join(lacking)} $USER, then log in again"
        return Finding("groups", "warning", f"you are not in {', '.join(lacking)}", remedy)
    return Finding("groups", "good", "cameras and pins are yours to use")


def check_disk(probes: Probes, settings: Settings, user: str = "") -> Iterator[Finding]:
    """Check the working folder, and the folders of snapshots, which need not exist yet.

    Args:
        probes: the questions to this machine.
        settings: name the folders of snapshots.
        user: who saves the snapshots; empty for the user of this process.
    """
    yield _check_folder(probes, Path.cwd(), "warning", "")
    folders = {
        Path(output.folder).absolute()
        for output in settings.outputs.values()
        if isinstance(output, SnapshotSettings)
    }
    for folder in sorted(folders):
        yield _check_folder(probes, folder, "bad", user)


def _check_folder(probes: Probes, folder: Path, verdict: Verdict, user: str) -> Finding:
    """Check that a folder is there, or can be made, with room; ``verdict`` is for one that can't
    be written to."""
    missing = []  # of the folder and its parents, the innermost first
    for existing in (folder, *folder.parents):
        if os.path.isdir(existing):  # noqa: PTH112  (Path.is_dir may raise)
            break
        missing.append(existing)
    if missing and os.path.lexists(missing[-1]):
        text = f"{folder}: can't be made, as {missing[-1]} is no folder"
        return Finding("disk", "bad", text, f"mv {missing[-1]} {missing[-1]}.old")
    free_mb = probes.free_mb(existing)
    text = f"{folder}: {free_mb:.0f} MB free"
    if free_mb < LEAST_FREE_MB:
        return Finding("disk", "bad", text, "delete what is not needed")
    if not probes.is_writable(existing, user):
        text = f"{folder}: can't be {'made' if missing else 'written to'} by {user or 'this user'}"
        make = "install -d -o" if missing else "chown"
        return Finding("disk", verdict, text, f"sudo {make} {user or '$USER'} {folder}")
    return Finding("disk", "good", text)


def check_power(probes: Probes) -> Finding:
    """Check the board's temperature, supply voltage and throttling, now and since its start."""
    health = probes.read_health()
    known = health.temperature_c is not None
    text = f"{health.temperature_c:.0f} degrees Celsius" if known else "no thermometer"
    troubles = list(health.warnings)
    if health.since_start:
        troubles.append(f"since the start: {', '.join(health.since_start)}")
    if troubles:
        remedy = "the board's own power supply, a short cable, a heat sink"
        return Finding("power", "warning", f"{text}; {'; '.join(troubles)}", remedy)
    return Finding("power", "good", text)
