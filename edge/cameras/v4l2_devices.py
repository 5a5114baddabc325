"""What Video4Linux says of its devices (the kernel's documentation, "Video for Linux API")."""

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

CAPTURE = 1  # a capability, and the type of its formats
DISCRETE = 1

BOARDS_OWN = frozenset({"bcm2835-isp", "unicam", "rp1-cfe", "pispbe"})
"""Drivers that are parts of a Raspberry Pi camera: picamera2 is the way to it."""


class Capability(Structure):
    """What a device is: ``v4l2_capability`` of linux/videodev2.h, and its request's number."""

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
        # One size: width, height. Else least, greatest and step of the width, then of the height.
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
        # Seconds as numerator, denominator; of a range the shortest comes first.
        ("interval", c_uint32 * 6),
        ("reserved", c_uint32 * 2),
    ]


Answer = TypeVar("Answer", Capability, Format, FrameSize, FrameInterval)


def list_attached() -> Iterator[Attached]:
    """Yield the devices that give pictures; one that can't be opened with the reason."""
    for device in sorted(DEV.glob("video[0-9]*"), key=lambda path: (len(path.name), path)):
        source = f"v4l2:{device}"
        try:
            with _opened(device) as descriptor:
                about = _ask(descriptor, Capability())
                modes = tuple(_modes(descriptor))
        except OSError as error:
            yield Attached(source, f"can't be opened: {error.strerror}", ())
            continue
        if about.device_caps & CAPTURE and _text(about.driver) not in BOARDS_OWN:
            yield Attached(source, _text(about.card), modes)


@contextmanager
def _opened(device: Path) -> Iterator[int]:
    descriptor = os.open(device, os.O_RDWR | os.O_NONBLOCK)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _text(said: bytes) -> str:
    """Return a device's own words; the kernel may have cut them within a character."""
    return said.decode(errors="replace")


def _modes(descriptor: int) -> Iterator[str]:
    for one in _each(descriptor, Format(type=CAPTURE)):
        sizes = ", ".join(_sizes(descriptor, one.pixelformat))
        yield f"{_text(one.pixelformat)}: {sizes or 'any size'}"


def _sizes(descriptor: int, pixelformat: bytes) -> Iterator[str]:
    for one in _each(descriptor, FrameSize(pixelformat=pixelformat)):
        if one.type == DISCRETE:
            width, height, *_ = one.size
            yield f"{width}x{height}{_fastest(descriptor, pixelformat, width, height)}"
        else:
            least_width, width, _, least_height, height, _ = one.size
            yield f"{least_width}x{least_height} to {width}x{height}"


def _fastest(descriptor: int, pixelformat: bytes, width: int, height: int) -> str:
    asked = FrameInterval(pixelformat=pixelformat, width=width, height=height)
    intervals = [one.interval[:2] for one in _each(descriptor, asked)]
    rates = [below / above for above, below in intervals if above]
    return f" at {max(rates):.3g} fps" if rates else ""


def _each(descriptor: int, asked: Answer) -> Iterator[Answer]:
    """Ask for the first, second ... of a list until there are no more."""
    for asked.index in range(100):
        try:
            yield _ask(descriptor, asked)
        except OSError:
            return


def _ask(descriptor: int, asked: Answer) -> Answer:
    # _IOR and _IOWR of asm-generic/ioctl.h; only the capability takes no input.
    direction = 2 if isinstance(asked, Capability) else 3
    request = direction << 30 | sizeof(asked) << 16 | ord("V") << 8 | asked.number
    filled = bytearray(bytes(asked))
    fcntl.ioctl(descriptor, request, filled)
    return type(asked).from_buffer_copy(filled)
