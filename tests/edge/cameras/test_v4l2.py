"""A real Video4Linux device: the kernel's virtual webcam, which shows colour bars.

Recipe, as root, on a kernel with vivid::

    modprobe vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0

Its control "Disconnect" pulls it out, until the last program that has it open closes it.
"""

from __future__ import annotations

import fcntl
import os
import re
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge.cameras.source import open_camera
from edge.cameras.v4l2 import V4l2Camera
from edge.errors import CameraError
from edge.settings import CameraSettings, Settings, V4l2Settings
from tests.edge.cameras.harness import RecordedCapture, read
from tests.edge.clock import Clock

NAMES = Path("/sys/class/video4linux").glob("video*/name")
VIVID = next((f"/dev/{name.parent.name}" for name in NAMES if "vivid" in name.read_text()), "")
SOURCE = f"v4l2:{VIVID or '/dev/video0'}"

needs_vivid = pytest.mark.skipif(not VIVID, reason="vivid: this machine has no virtual webcam")

REFUSED = "expected a camera, got none there, or one that is in use"

S_CTRL = 0xC008561C
DISCONNECT = 0xF0F000 + 65

# The bars from left to right, at 75 %: the luma of YUYV, 16 to 235; the grey of BGR; and BGR.
LUMA = [180, 162, 131, 112, 84, 65, 35, 16]
GREY = [191, 169, 134, 112, 79, 57, 22, 0]
BARS = [
    (191, 191, 191),
    (0, 191, 191),
    (191, 191, 0),
    (0, 191, 0),
    (191, 0, 191),
    (0, 0, 191),
    (191, 0, 0),
    (0, 0, 0),
]


def settings(**v4l2: Any) -> Settings:
    return Settings(camera=CameraSettings(source=SOURCE), v4l2=V4l2Settings(**v4l2))


def bars(picture: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the colour of each bar, in the lower part of the picture, where there is no text."""
    height, width = picture.shape[:2]
    return np.array([picture[height * 3 // 4, width * n // 16] for n in range(1, 16, 2)], int)


@pytest.fixture
def unplug() -> Iterator[Any]:
    """Return a function that pulls the webcam out and returns one that plugs it in again."""
    descriptor = os.open(VIVID, os.O_RDWR)
    left = [descriptor]

    def plug_in() -> None:
        while left:
            os.close(left.pop())

    def pull_out() -> Any:
        fcntl.ioctl(descriptor, S_CTRL, struct.pack("Ii", DISCONNECT, 1))
        return plug_in

    yield pull_out
    plug_in()


@pytest.mark.parametrize("device", ["/dev/video99", "99", "/dev/null"])
def test_without_a_device_there_is_one_line(smile_gate: Any, device: str) -> None:
    code, out, err = smile_gate("run", "--source", f"v4l2:{device}")
    assert (code, out) == (2, "")
    assert err == f"smile-gate: v4l2:{device}: {REFUSED}\n"


class Buffered:
    """A capture like OpenCV's, with frames of these ages waiting in its driver, in seconds.

    Attributes:
        grabs: how often a frame was asked for.
        takes_s: how long each frame takes to arrive.
        fps: the rate that the driver reports.
    """

    def __init__(self, *ages: float, takes_s: float = 0.0, offset_s: float = 0.0) -> None:
        self.clock = Clock()
        self.ages = list(ages)
        self.age = 0.9  # of the frame before
        self.grabs = 0
        self.takes_s = takes_s
        self.offset_s = offset_s
        self.fps = 30.0

    def isOpened(self) -> bool:  # noqa: N802  (OpenCV's name)
        return True

    def set(self, *_: object) -> bool:
        return True

    def get(self, key: int) -> float:
        made = self.offset_s + self.clock() - self.age
        return {cv2.CAP_PROP_POS_MSEC: made * 1e3, cv2.CAP_PROP_FPS: self.fps}.get(key, 0.0)

    def grab(self) -> bool:
        self.grabs += 1
        self.clock.advance(self.takes_s)
        if not self.ages:
            return False
        self.age = self.ages.pop(0)
        return True

    def retrieve(self) -> tuple[bool, np.ndarray[Any, Any]]:
        return True, np.full((48, 64), int(self.age * 100), np.uint8)

    def open(self) -> V4l2Camera:
        opened = settings()
        return V4l2Camera(
            opened.camera,
            opened.v4l2,
            "0",
            open_device=lambda *_: self,  # type: ignore[arg-type]
            clock=self.clock,
        )


@pytest.mark.parametrize(
    ("capture", "expected"),
    [
        (Buffered(0.05, 0.02), 0.05),  # less than two frame times
        (Buffered(0.9, 0.87, 0.84, 0.02, 0.01), 0.02),
        (Buffered(*[0.9] * 4 + [0.8] * 4), 0.8),  # no more than 4 wait, so this is new
        # A frame that is waited for is new, however old it says that it is: in the dark a webcam
        # takes long for a frame, and reports another rate.
        (Buffered(0.2, 0.1, takes_s=0.02), 0.2),
        # A driver may have another clock.
        *[(Buffered(0.0, 0.1, offset_s=offset), 0.0) for offset in (1e9, -70.0, -24355.0)],
    ],
)
def test_frames_that_waited_in_the_driver_are_dropped(capture: Buffered, expected: float) -> None:
    frame = read(capture.open())
    assert frame.grey[0, 0] == int(expected * 100)
    assert frame.time == capture.clock()


def test_a_device_that_gives_no_frame_is_asked_once() -> None:
    capture = Buffered()
    with pytest.raises(CameraError, match=f"{SOURCE}: the camera stopped delivering"):
        capture.open().read()
    assert capture.grabs == 1


def test_a_reported_rate_that_makes_no_sense_is_replaced_by_the_setting() -> None:
    capture = Buffered()
    for capture.fps, expected in ((0.0, 30.0), (-1.0, 30.0), (1e6, 30.0), (7.5, 7.5)):
        assert capture.open().fps == expected


@needs_vivid
def test_it_is_listed_with_its_sizes_and_rates(smile_gate: Any) -> None:
    code, out, _ = smile_gate("cameras")
    assert code == 0
    assert f"{SOURCE}  vivid\n" in out
    assert re.search(r"^  YUYV: 320x180 at \d+ fps, .*640x480 at \d+ fps, ", out, re.MULTILINE)


@needs_vivid
@pytest.mark.parametrize(
    ("asked", "luma"),
    [("YUYV", LUMA), ("auto", GREY), ("MJPG", GREY)],  # it has no MJPG; of its others BGR is taken
)
def test_its_picture_is_grey_and_in_colour(asked: str, luma: list[int]) -> None:
    with closing(open_camera(settings(format=asked))) as camera:
        frame = read(camera)
    assert frame.grey.shape == (480, 640)
    assert frame.picture.shape == (480, 640, 3)
    assert np.abs(bars(frame.grey) - luma).max() <= 3
    assert np.abs(bars(frame.picture) - BARS).max() <= 8


@needs_vivid
def test_frames_are_counted_and_their_time_is_the_monotonic_clocks() -> None:
    with closing(open_camera(settings())) as camera:
        before = time.monotonic()
        frames = [read(camera) for _ in range(3)]
        after = time.monotonic()
    assert [frame.index for frame in frames] == [0, 1, 2]
    times = [frame.time for frame in frames]
    assert [before, *times, after] == sorted([before, *times, after])


@needs_vivid
def test_a_frame_that_waited_in_the_driver_is_not_given() -> None:
    """Nobody reads for a second: the driver's buffers hold old frames then."""
    with closing(open_camera(settings(format="YUYV"))) as camera:
        assert isinstance(camera, V4l2Camera)
        camera.read()
        time.sleep(1.0)  # the driver's clock can't be advanced
        frame = read(camera)
        made = camera._capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3  # the driver's time of this frame
    assert frame.time - made < 2.5 / camera.fps


@needs_vivid
def test_a_device_that_is_in_use_is_refused_in_one_line(smile_gate: Any) -> None:
    with closing(open_camera(settings())) as holder:
        holder.read()
        code, _, err = smile_gate("run", "--source", SOURCE)
    assert code == 2
    assert err == f"smile-gate: {SOURCE}: {REFUSED}\n"


@needs_vivid
def test_a_device_that_is_pulled_out_is_an_error_until_it_is_plugged_in(unplug: Any) -> None:
    with closing(open_camera(settings())) as camera:
        camera.read()
        plug_in = unplug()
        with pytest.raises(CameraError, match=f"{SOURCE}: the camera stopped delivering"):
            camera.read()
    with pytest.raises(CameraError, match="expected a camera, got none there"):
        open_camera(settings())
    plug_in()
    with closing(open_camera(settings())) as camera:
        read(camera)


@needs_vivid
def test_a_run_goes_on_when_it_is_plugged_in_again(unplug: Any) -> None:
    with closing(RecordedCapture(partial(open_camera, settings()), stall_s=2.0)) as recorded:
        recorded.read()
        threading.Timer(0.5, unplug()).start()
        while "back" not in recorded.calls:
            recorded.read()
    assert recorded.calls == [f"{SOURCE}: the camera stopped delivering", "back"]
