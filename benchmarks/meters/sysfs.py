"""Numbers and names in the kernel's sysfs."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from benchmarks.meters.meter import MeterError


def read_number(path: Path) -> int:
    """Read a file of sysfs that contains a whole number.

    Raises:
        MeterError: the file disappeared, may not be read, or contains no whole number.
    """
    try:
        text = path.read_text()
    except PermissionError as error:
        raise MeterError(
            f"{path}: expected to read it, got: {error.strerror}: run as root, or "
            f"`sudo chmod a+r {path}`, which lasts until the next start",
            path,
        ) from error
    except OSError as error:
        raise MeterError(
            f"{path}: expected a number, got: {error.strerror}: is the meter still there?", path
        ) from error
    try:
        return int(text)
    except ValueError as error:
        raise MeterError(f"{path}: expected a number, got {text.strip()!r}", path) from error


def read_name(folder: Path) -> str:
    """Return the name in a folder of sysfs; empty if the folder has none."""
    with suppress(OSError):
        return (folder / "name").read_text().strip()
    return ""
