"""Lists Video4Linux devices (the kernel's documentation, "Video for Linux API")."""

from __future__ import annotations

import fcntl
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from edge.cameras.camera import Attached

DEV = Path("/dev")

# Requests of linux/videodev2.h: number, and layout of the structure; "x" is a byte of no use here.
QUERYCAP = 0x80685600, "16s32s40xI12x"
"""Driver, card, capabilities of the device."""
ENUM_FMT = 0xC0405602, "II36x4s16x"
"""Index, type, pixel format."""
ENUM_FRAMESIZES = 0xC02C564A, "I4sI6I8x"
"""Index, pixel format, type. Discrete: width, height. Else least, greatest and step of the width,
then of the height."""
ENUM_FRAMEINTERVALS = 0xC034564B, "I4s3I2I24x"
"""Index, pixel format, width, height, type, and seconds as numerator, denominator; a range begins
with the shortest interval."""

CAPTURE = 1  # a capability, and the buffer type of its formats
DISCRETE = 1

PI_CAMERA_DRIVERS = frozenset({"bcm2835-isp", "unicam", "rp1-cfe", "pispbe"})
"""Drivers that are parts of a Raspberry Pi camera, which picamera2 opens."""


def list_attached() -> Iterator[Attached]:
    """Yield the devices that give pictures; a device that can't be opened has the reason as its
    name."""
    for path in sorted(DEV.glob("video[0-9]*"), key=lambda path: (len(path.name), path)):
        source = f"v4l2:{path}"
        try:
            with path.open("r+b", buffering=0) as device:
                driver, card, capabilities = _query(device, QUERYCAP, b"", b"", 0)
                modes = tuple(_modes(device))
        except OSError as error:
            yield Attached(source, f"can't be opened: {error.strerror}", ())
            continue
        if capabilities & CAPTURE and _text(driver) not in PI_CAMERA_DRIVERS:
            yield Attached(source, _text(card), modes)


def _text(name: bytes) -> str:
    """Return a name that a device gives; the kernel may have cut it within a character."""
    return name.partition(b"\0")[0].decode(errors="replace")


def _modes(device: BinaryIO) -> Iterator[str]:
    for _, _, pixelformat in _query_all(device, ENUM_FMT, CAPTURE, b""):
        sizes = ", ".join(_sizes(device, pixelformat))
        yield f"{_text(pixelformat)}: {sizes or 'any size'}"


def _sizes(device: BinaryIO, pixelformat: bytes) -> Iterator[str]:
    for _, _, kind, *size in _query_all(device, ENUM_FRAMESIZES, pixelformat, *[0] * 7):
        if kind == DISCRETE:
            width, height, *_ = size
            yield f"{width}x{height}{_fastest(device, pixelformat, width, height)}"
        else:
            least_width, width, _, least_height, height, _ = size
            yield f"{least_width}x{least_height} to {width}x{height}"


def _fastest(device: BinaryIO, pixelformat: bytes, width: int, height: int) -> str:
    answers = _query_all(device, ENUM_FRAMEINTERVALS, pixelformat, width, height, 0, 0, 0)
    rates = [denominator / numerator for *_, numerator, denominator in answers if numerator]
    return f" at {max(rates):.3g} fps" if rates else ""


def _query_all(
    device: BinaryIO, request: tuple[int, str], *fields: int | bytes
) -> Iterator[tuple[Any, ...]]:
    """Query a list by its index until the device has no more entries."""
    for index in range(100):
        try:
            yield _query(device, request, index, *fields)
        except OSError:
            return


def _query(device: BinaryIO, request: tuple[int, str], *fields: int | bytes) -> tuple[Any, ...]:
    number, layout = request
    buffer = bytearray(struct.pack(layout, *fields))
    fcntl.ioctl(device, number, buffer)
    return struct.unpack(layout, buffer)
