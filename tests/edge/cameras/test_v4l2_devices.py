"""What ``smile-gate cameras`` lists. A real device: test_v4l2.py."""

from __future__ import annotations

import errno
import fcntl
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.cameras import v4l2_devices

VIDEO, METADATA = 1, 0x800000
DISCRETE, STEPWISE = 1, 3

Listed = Callable[[], str]


def padded(kind: int, *numbers: int) -> tuple[int, ...]:
    """A size or a frame interval: its type and 6 numbers."""
    return kind, *numbers, *[0] * (6 - len(numbers))


class Kernel:
    """Answers like a driver, for devices that are ordinary files here.

    Attributes:
        driver, card, capabilities: of each device.
        formats: pixel formats, with their sizes.
        intervals: frame intervals of each discrete size.
    """

    def __init__(self, dev: Path) -> None:
        self.driver, self.card, self.capabilities = b"uvcvideo", b"HD Webcam", VIDEO
        self.formats = {
            b"YUYV": [padded(DISCRETE, 640, 480), padded(DISCRETE, 1280, 720)],
            b"MJPG": [padded(STEPWISE, 32, 1920, 2, 16, 1080, 2)],
            b"GREY": [],
        }
        self.intervals = {
            (640, 480): [padded(DISCRETE, 1, 15), padded(DISCRETE, 1, 30)],
            (1280, 720): [padded(DISCRETE, 2, 15)],
        }
        self.unplugged = False
        self._dev = dev

    def add(self, name: str) -> Path:
        path = self._dev / name
        path.touch()
        return path

    def ioctl(self, _: object, request: int, buffer: bytearray) -> None:
        if self.unplugged:
            raise OSError(errno.ENODEV, "No such device")
        assert len(buffer) == request >> 16 & 0x3FFF
        try:
            buffer[:] = self._answer(request & 0xFF, buffer)
        except IndexError:
            raise OSError(errno.EINVAL, "Invalid argument") from None

    def _answer(self, number: int, query: bytearray) -> bytes:
        index, kind = struct.unpack_from("2I", query)
        pixel_format = bytes(query[4:8])
        match number:
            case 0:
                name = (self.driver, self.card, b"usb-1")
                return struct.pack("16s32s32s3I12x", *name, 1, 0xFFFFFFFF, self.capabilities)
            case 2:
                assert kind == VIDEO
                pixel_format = list(self.formats)[index]
                return struct.pack("3I32s4sI12x", index, kind, 0, b"name", pixel_format, 0)
            case 74:
                return struct.pack(
                    "I4s7I8x", index, pixel_format, *self.formats[pixel_format][index]
                )
            case _:
                size = struct.unpack_from("2I", query, 8)
                interval = self.intervals[size][index]
                return struct.pack("I4s9I8x", index, pixel_format, *size, *interval)


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    monkeypatch.setattr(v4l2_devices, "DEV", tmp_path)
    kernel = Kernel(tmp_path)
    monkeypatch.setattr(fcntl, "ioctl", kernel.ioctl)
    return kernel


@pytest.fixture
def listed(smile_gate: Any) -> Listed:
    def call() -> str:
        code, out, err = smile_gate("cameras")
        assert (code, err) == (0, "")
        return str(out)

    return call


def test_a_device_is_listed_with_its_spec_name_formats_sizes_and_rates(
    kernel: Kernel, listed: Listed
) -> None:
    path = kernel.add("video0")
    assert listed() == (
        f"v4l2:{path}  HD Webcam\n"
        "  YUYV: 640x480 at 30 fps, 1280x720 at 7.5 fps\n"
        "  MJPG: 32x16 to 1920x1080\n"
        "  GREY: any size\n"
    )


def test_devices_are_closed_again(kernel: Kernel) -> None:
    kernel.add("video0")
    here = Path("/proc/self/fd")
    before = len(list(here.iterdir()))
    assert list(v4l2_devices.list_attached())
    assert len(list(here.iterdir())) == before


@pytest.mark.usefixtures("kernel")
def test_without_any_it_says_so(listed: Listed) -> None:
    assert listed() == "no camera is attached\n"


def test_devices_come_in_the_order_of_their_numbers(kernel: Kernel, listed: Listed) -> None:
    paths = [kernel.add(name) for name in ("video10", "video2", "video0")]
    kernel.formats = {}
    assert listed().splitlines() == [f"v4l2:{path}  HD Webcam" for path in reversed(paths)]


def test_a_device_that_cannot_be_opened_or_asked_is_listed_with_the_reason(
    kernel: Kernel, listed: Listed, tmp_path: Path
) -> None:
    (tmp_path / "video0").symlink_to(tmp_path / "gone")
    kernel.add("video1")
    kernel.formats = {}
    missing = f"v4l2:{tmp_path}/video0  can't be opened: No such file or directory\n"
    assert listed() == f"{missing}v4l2:{tmp_path}/video1  HD Webcam\n"
    kernel.unplugged = True
    assert listed() == f"{missing}v4l2:{tmp_path}/video1  can't be opened: No such device\n"


@pytest.mark.parametrize(
    ("driver", "capabilities"), [(b"uvcvideo", METADATA), (b"unicam", VIDEO), (b"rp1-cfe", VIDEO)]
)
def test_what_gives_no_pictures_or_is_part_of_a_pi_camera_is_not_listed(
    kernel: Kernel, listed: Listed, driver: bytes, capabilities: int
) -> None:
    kernel.add("video0")
    kernel.driver, kernel.capabilities = driver, capabilities
    assert listed() == "no camera is attached\n"


def test_a_name_that_is_cut_within_a_character_is_listed(kernel: Kernel, listed: Listed) -> None:
    path = kernel.add("video0")
    kernel.card = "Webcam é".encode()[:-1]
    kernel.formats = {b"Y16\xa0": []}
    assert listed() == f"v4l2:{path}  Webcam \ufffd\n  Y16\ufffd: any size\n"
