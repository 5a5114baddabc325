"""How long the video of an MP4 or QuickTime file is, which OpenCV does not tell."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO


def shown_s(path: Path) -> float:
    """Return how long the video track is shown, in seconds; 0 if the file does not say.

    That is without what a list of edits hides, which the number of its frames includes.
    """
    try:
        with path.open("rb") as file:
            return _shown_s(file, path.stat().st_size)
    except (OSError, struct.error):
        return 0.0


def _shown_s(file: BinaryIO, size: int) -> float:
    scale, longest = 0, 0
    for name, at, end in _boxes(file, 0, size, b"moov", b"trak"):
        if name == b"mvhd":
            [scale] = _read(file, at + (20 if _is_long(file, at) else 12), ">I")
        elif name == b"tkhd":
            is_long = _is_long(file, at)
            [duration] = _read(file, at + (28 if is_long else 20), ">Q" if is_long else ">I")
            width, height = _read(file, end - 8, ">II")
            unknown = duration == 256 ** (8 if is_long else 4) - 1
            if width and height and not unknown:  # sound has neither
                longest = max(longest, duration)
    return longest / scale if scale else 0.0


def _boxes(file: BinaryIO, at: int, end: int, *opened: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and end of the contents of each box, also of those in boxes to open."""
    while at + 8 <= end:
        size, name = _read(file, at, ">I4s")
        start = at + 8
        if size == 1:
            [size] = _read(file, start, ">Q")
            start += 8
        box_end = min(end, at + size) if size else end
        if box_end < start:
            return
        if name in opened:
            yield from _boxes(file, start, box_end, *opened)
        else:
            yield name, start, box_end
        at = box_end


def _is_long(file: BinaryIO, at: int) -> bool:
    """Tell whether a box has times of 64 bits."""
    return _read(file, at, ">B") == (1,)


def _read(file: BinaryIO, at: int, format_: str) -> tuple[Any, ...]:
    file.seek(at)
    return struct.unpack(format_, file.read(struct.calcsize(format_)))
