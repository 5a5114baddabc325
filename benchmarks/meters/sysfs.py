"""Files in which the kernel shows a number."""

from __future__ import annotations

from pathlib import Path

from benchmarks.meters import MeterError


def read_number(path: Path) -> int:
    """Read a file of the kernel's with one number in it.

    Raises:
        MeterError: it is not there any more, may not be read, or has no number.
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
