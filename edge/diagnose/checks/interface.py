"""What checks ask this machine, and what they return."""

from __future__ import annotations

import grp
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Literal

from msgspec import Struct

from edge.cameras.camera import Attached
from edge.cameras.source import list_attached
from edge.faces.haar import find_cascade
from edge.service.board import Health, read_health

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
