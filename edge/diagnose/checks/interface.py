"""What checks ask this machine, and what they return."""

from __future__ import annotations

import grp
import os
import platform
import pwd
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Literal

from msgspec import Struct

from edge.cameras.camera import Attached, Camera
from edge.cameras.source import list_attached, open_camera
from edge.service.board import Health, read_health
from edge.settings import Settings

Verdict = Literal["good", "warning", "bad"]


class Finding(Struct, frozen=True, rename={"subject": "about", "text": "words", "remedy": "mend"}):
    """The result of one check. In JSON its fields are about, verdict, words and mend.

    Attributes:
        subject: what was checked.
        verdict: ``bad`` keeps the gate from working, a ``warning`` may come to do so.
        text: what the check saw.
        remedy: what to do, a command where there is one; empty where all is good.
    """

    subject: str
    verdict: Verdict
    text: str
    remedy: str = ""


def is_writable(folder: Path, user: str) -> bool:
    """Tell whether a user may make files in a folder; an empty name is the user of this process,
    and only root may ask for another."""
    if not user:
        return os.access(folder, os.W_OK | os.X_OK)
    group = pwd.getpwnam(user).pw_gid
    command = ["sh", "-c", 'test -w "$1" && test -x "$1"', "sh", str(folder)]
    groups = os.getgrouplist(user, group)
    done = subprocess.run(command, user=user, group=group, extra_groups=groups, check=False)  # noqa: S603
    return done.returncode == 0


class Probes(Struct, frozen=True):
    """What checks ask this machine. A test gives answers of its own."""

    device_tree: Path = Path("/proc/device-tree/model")
    is_64_bit: bool = sys.maxsize > 2**32
    python: tuple[int, int] = sys.version_info[:2]
    os_release: Callable[[], Mapping[str, str]] = platform.freedesktop_os_release
    distributions: Callable[[], Mapping[str, Sequence[str]]] = packages_distributions
    list_attached: Callable[[], Iterable[Attached]] = list_attached
    open_camera: Callable[[Settings], Camera] = open_camera
    user_id: Callable[[], int] = os.geteuid
    group_ids: Callable[[], Iterable[int]] = lambda: {os.getegid(), *os.getgroups()}
    group_name: Callable[[int], str] = lambda number: grp.getgrgid(number).gr_name
    free_mb: Callable[[Path], float] = lambda folder: shutil.disk_usage(folder).free / 1e6
    is_writable: Callable[[Path, str], bool] = is_writable
    read_health: Callable[[], Health] = read_health

    @property
    def board(self) -> str:
        """The name of the Raspberry Pi, empty on another machine."""
        try:
            return self.device_tree.read_text().strip("\0 \n")
        except OSError:
            return ""
