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


def hide(mp4: Path, start: int, length: int) -> None:
    """Show only so many frames, from one on; by a list of edits, as programs do that cut clips."""
    data = bytearray(mp4.read_bytes())
    track = (b"moov", b"trak")
    scale, movie_scale, frame = (
        struct.unpack_from(">I", data, _find(data, *names)[-1][0] + 20)[0]
        for names in ((*track, b"mdia", b"mdhd"), (b"moov", b"mvhd"), (*MOVIE, b"stts"))
    )
    shown = length * frame * movie_scale // scale
    [*_, (edits, _)] = _find(data, *track, b"edts", b"elst")
    struct.pack_into(">II", data, edits + 16, shown, start * frame)
    struct.pack_into(">I", data, _find(data, *track, b"tkhd")[-1][0] + 28, shown)
    mp4.write_bytes(data)


def put_index_first(mp4: Path) -> None:
    """Move the index to the front, so that the clip can be played when its end is cut off."""
    data = bytearray(mp4.read_bytes())
    [(start, length)] = _find(data, b"moov")
    [(media, _)] = _find(data, b"mdat")
    at, _ = _find(data, *MOVIE, b"stco")[-1]
    [count] = struct.unpack_from(">I", data, at + 12)
    for entry in range(at + 16, at + 16 + 4 * count, 4):
        [offset] = struct.unpack_from(">I", data, entry)
        struct.pack_into(">I", data, entry, offset + length)
    mp4.write_bytes(data[:media] + data[start : start + length] + data[media:start])


def blank(video: Path, start: float, end: float) -> None:
    """Put zeros over a part of the frames' data, from and to a share of the whole file."""
    data = bytearray(video.read_bytes())
    first, last = round(start * len(data)), round(end * len(data))
    data[first:last] = bytes(last - first)
    video.write_bytes(data)
