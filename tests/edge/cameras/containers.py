"""Changes what the container of a video says of its frames."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

MOVIE = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


def set_lengths(mp4: Path, lengths: Sequence[float]) -> None:
    """Give each frame of an MP4 of OpenCV's a length, in multiples of the length it had."""
    data = bytearray(mp4.read_bytes())
    *outer, (at, size) = _find(data, *MOVIE, b"stts")
    [_, old] = struct.unpack_from(">II", data, at + 16)
    entries = b"".join(struct.pack(">II", 1, round(length * old)) for length in lengths)
    data[at : at + size] = (
        struct.pack(">I4sII", 16 + len(entries), b"stts", 0, len(lengths)) + entries
    )
    for box, box_size in outer:
        struct.pack_into(">I", data, box, box_size + 16 + len(entries) - size)
    # Without the list of edits, which would end the clip after its old length.
    mp4.write_bytes(data.replace(b"edts", b"free"))


def _find(data: bytes | bytearray, *names: bytes) -> list[tuple[int, int]]:
    """Return start and size of an MP4's boxes, each the first of its name in the one before."""
    boxes = []
    at = 0
    for name in names:
        while (box := struct.unpack_from(">I4s", data, at))[1] != name:
            at += box[0]
        boxes.append((at, box[0]))
        at += 8
    return boxes
