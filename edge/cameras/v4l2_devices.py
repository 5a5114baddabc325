"""Lists Video4Linux devices (the kernel's documentation, "Video for Linux API")."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import Structure, c_char, c_uint32, sizeof
from pathlib import Path
from typing import ClassVar, TypeVar

from edge.cameras.camera import Attached

DEV = Path("/dev")

CAPTURE = 1  # a capability, and the buffer type of its formats
DISCRETE = 1

PI_CAMERA_DRIVERS = frozenset({"bcm2835-isp", "unicam", "rp1-cfe", "pispbe"})
"""Drivers that are parts of a Raspberry Pi camera, which picamera2 opens."""


class Capability(Structure):
    """A device: ``v4l2_capability`` of linux/videodev2.h; ``number`` is that of its request."""

    number = 0
    _fields_: ClassVar = [
        ("driver", c_char * 16),
        ("card", c_char * 32),
        ("bus_info", c_char * 32),
        ("version", c_uint32),
        ("capabilities", c_uint32),
        ("device_caps", c_uint32),
        ("reserved", c_uint32 * 3),
    ]


class Format(Structure):
    """A pixel format: ``v4l2_fmtdesc``."""

    number = 2
    _fields_: ClassVar = [
        ("index", c_uint32),
        ("type", c_uint32),
        ("flags", c_uint32),
        ("description", c_char * 32),
        ("pixelformat", c_char * 4),
        ("mbus_code", c_uint32),
        ("reserved", c_uint32 * 3),
    ]


class FrameSize(Structure):
    """A size of a format: ``v4l2_frmsizeenum``."""

    number = 74
    _fields_: ClassVar = [
        ("index", c_uint32),
        ("pixelformat", c_char * 4),
        ("type", c_uint32),
        # Discrete: width, height. Else least, greatest and step of the width, then of the height.
        ("size", c_uint32 * 6),
        ("reserved", c_uint32 * 2),
    ]


class FrameInterval(Structure):
    """A rate of a format and size: ``v4l2_frmivalenum``."""

    number = 75
    _fields_: ClassVar = [
        ("index", c_uint32),
        ("pixelformat", c_char * 4),
        ("width", c_uint32),
        ("height", c_uint32),
        ("type", c_uint32),
        # Seconds as numerator, denominator; a range begins with the shortest interval.
        ("interval", c_uint32 * 6),
        ("reserved", c_uint32 * 2),
    ]


Query = TypeVar("Query", Capability, Format, FrameSize, FrameInterval)


def list_attached() -> Iterator[Attached]:
    """Yield the devices that give pictures; a device that can't be opened has the reason as its
    name."""
    for device in sorted(DEV.glob("video[0-9]*"), key=lambda path: (len(path.name), path)):
        source = f"v4l2:{device}"
        try:
            with _opened(device) as descriptor:
                capability = _query(descriptor, Capability())
                modes = tuple(_modes(descriptor))
        except OSError as error:
            yield Attached(source, f"can't be opened: {error.strerror}", ())
            continue
        driver = _text(capability.driver)
        if capability.device_caps & CAPTURE and driver not in PI_CAMERA_DRIVERS:
            yield Attached(source, _text(capability.card), modes)


@contextmanager
def _opened(device: Path) -> Iterator[int]:
    descriptor = os.open(device, os.O_RDWR | os.O_NONBLOCK)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _text(name: bytes) -> str:
    """Return a name that a device gives; the kernel may have cut it within a character."""
    return name.decode(errors="replace")


def _modes(descriptor: int) -> Iterator[str]:
    for format_ in _query_all(descriptor, Format(type=CAPTURE)):
        sizes = ", ".join(_sizes(descriptor, format_.pixelformat))
        yield f"{_text(format_.pixelformat)}: {sizes or 'any size'}"


def _sizes(descriptor: int, pixelformat: bytes) -> Iterator[str]:
    for size in _query_all(descriptor, FrameSize(pixelformat=pixelformat)):
        if size.type == DISCRETE:
            width, height, *_ = size.size
            yield f"{width}x{height}{_fastest(descriptor, pixelformat, width, height)}"
        else:
            least_width, width, _, least_height, height, _ = size.size
            yield f"{least_width}x{least_height} to {width}x{height}"


def _fastest(descriptor: int, pixelformat: bytes, width: int, height: int) -> str:
    query = FrameInterval(pixelformat=pixelformat, width=width, height=height)
    intervals = [answer.interval[:2] for answer in _query_all(descriptor, query)]
    rates = [denominator / numerator for numerator, denominator in intervals if numerator]
    return f" at {max(rates):.3g} fps" if rates else ""


def _query_all(descriptor: int, query: Query) -> Iterator[Query]:
    """Query a list by its index until the device has no more entries."""
    for query.index in range(100):
        try:
            yield _query(descriptor, query)
        except OSError:
            return


def _query(descriptor: int, query: Query) -> Query:
    # _IOR and _IOWR of asm-generic/ioctl.h; only the capability takes no input.
    direction = 2 if isinstance(query, Capability) else 3
    request = direction << 30 | sizeof(query) << 16 | ord("V") << 8 | query.number
    answer = bytearray(bytes(query))
    fcntl.ioctl(descriptor, request, answer)
    return type(query).from_buffer_copy(answer)
