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
    movie = next((box for box in _boxes(file, 0, size) if box[0] == b"moov"), (b"", 0, 0))
    for name, at, end in _boxes(file, *movie[1:]):
        if name == b"mvhd":
            [scale] = _read(file, at + (20 if _is_long(file, at) else 12), ">I")
        elif name == b"trak":
            longest = max(longest, _track_length(file, at, end))
    return longest / scale if scale else 0.0


def _track_length(file: BinaryIO, at: int, end: int) -> int:
    """Return how long a track with pictures is shown, in units of the movie's time scale."""
    header = next((box for box in _boxes(file, at, end) if box[0] == b"tkhd"), None)
    if header is None:
        return 0
    _, at, end = header
    is_long = _is_long(file, at)
    [length] = _read(file, at + (28 if is_long else 20), ">Q" if is_long else ">I")
    unknown = length == 256 ** (8 if is_long else 4) - 1
    width, height = _read(file, end - 8, ">II")
    return length if width and height and not unknown else 0


def _boxes(file: BinaryIO, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and end of the contents of each box."""
    while at + 8 <= end:
        size, name = _read(file, at, ">I4s")
        start = at + 8
        if size == 1:
            [size] = _read(file, start, ">Q")
            start += 8
        at = min(end, at + size) if size else end
        if at < start:
            return
        yield name, start, at


def _is_long(file: BinaryIO, at: int) -> bool:
    """Tell whether a box has times of 64 bits."""
    return _read(file, at, ">B") == (1,)


def _read(file: BinaryIO, at: int, format_: str) -> tuple[Any, ...]:
    file.seek(at)
    return struct.unpack(format_, file.read(struct.calcsize(format_)))
