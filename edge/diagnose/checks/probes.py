"""The questions that checks ask this machine."""

from __future__ import annotations

import grp
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import packages_distributions
from pathlib import Path

from msgspec import Struct

from edge.cameras.camera import Attached
from edge.cameras.source import list_attached
from edge.faces.haar import find_cascade
from edge.service.board import Health, read_health


class Probes(Struct, frozen=True):
    """What checks ask this machine. A test gives answers of its own."""

    device_tree: Path = Path("/proc/device-tree/model")
    is_64_bit: bool = sys.maxsize > 2**32
    python: tuple[int, int] = sys.version_info[:2]
    os_release: Callable[[], Mapping[str, str]] = platform.freedesktop_os_release
    distributions: Callable[[], Mapping[str, Sequence[str]]] = packages_distributions
    find_cascade: Callable[[], Path] = find_cascade
    list_attached: Callable[[], Iterable[Attached]] = list_attached
    user_id: Callable[[], int] = os.geteuid
    group_ids: Callable[[], Iterable[int]] = lambda: {os.getegid(), *os.getgroups()}
    group_name: Callable[[int], str] = lambda number: grp.getgrgid(number).gr_name
    free_mb: Callable[[Path], float] = lambda folder: shutil.disk_usage(folder).free / 1e6
    is_writable: Callable[[Path], bool] = lambda folder: os.access(folder, os.W_OK)
    read_health: Callable[[], Health] = read_health

    @property
    def board(self) -> str:
        """The name of the Raspberry Pi, empty on another machine."""
        try:
            return self.device_tree.read_text().strip("\0 \n")
        except OSError:
            return ""


def run_program(command: Sequence[str]) -> tuple[str, str]:
    """Return a program's output and its complaint: standard error, or its exit code if that is
    not 0. Both are empty where the program is not installed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10.0, check=False)  # noqa: S603
    except OSError:
        return "", ""
    except subprocess.SubprocessError as error:
        return "", str(error)
    failed = f"{command[0]} ended with code {done.returncode}" if done.returncode else ""
    return done.stdout.strip(), done.stderr.strip() or failed
