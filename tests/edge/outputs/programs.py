"""Commands for tests, and whether their processes live."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge.settings import CommandSettings
from tests.waiting import wait_until

# Heeds no polite signal, and has a child; writes both process ids.
STUBBORN = """
trap '' TERM INT HUP
sleep 20 &
echo $$ $! > "$1".part
mv "$1".part "$1"
wait
"""


def web(
    command: Sequence[str | Path],
    timeout_s: float = 10.0,
    on: tuple[Any, ...] = ("fired",),
    **environment: str,
) -> dict[str, CommandSettings]:
    words = tuple(str(word) for word in command)
    return {"web": CommandSettings(words, on, timeout_s, environment)}


def stubborn(out: Path) -> list[str | Path]:
    return ["sh", "-c", STUBBORN, "sh", out]


def lives(process: int) -> bool:
    """Tell whether a process runs; one that nobody has waited for yet does not."""
    try:
        about = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return about.rpartition(")")[2].split()[0] not in {"Z", "X"}


def started(file: Path, count: int = 2) -> list[int]:
    """The processes that a script wrote down, once it has."""
    wait_until(file.is_file)
    processes = [int(word) for word in file.read_text().split()]
    assert len(processes) == count
    assert all(map(lives, processes))
    return processes
