"""The real picamera2 over a camera that libcamera finds, if only its virtual one.

Recipe where there is no Raspberry Pi camera, on Debian 13: install python3-libcamera and picamera2,
put a list of pictures to show into ``/usr/share/libcamera/pipeline/virtual/virtual.yaml``
(libcamera's "virtual" pipeline handler), and::

    python -m pytest tests/edge/cameras/test_picamera2_real.py

That camera makes no raw stream and knows no exposure; picamera2 needs a stand-in for pykms there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import cv2
import numpy as np
import pytest

from edge.cameras.picamera2 import Picamera2Camera
from edge.cameras.source import open_camera
from edge.errors import CameraError
from edge.settings import CameraSettings, Picamera2Settings, Settings
from tests.edge.cameras.harness import RecordedCapture, capture_threads, read
from tests.waiting import wait_until


def cameras() -> int:
    try:
        from picamera2 import Picamera2
    except (ImportError, ValueError):
        return 0
    return len(Picamera2.global_camera_info())


pytestmark = pytest.mark.skipif(
    not cameras(), reason="picamera2: the package, or a camera that libcamera finds, is not here"
)

SETTINGS = Settings(camera=CameraSettings(source="picamera2"))


@pytest.fixture
def camera() -> Iterator[Picamera2Camera]:
    """The back end; its private ``_camera`` is picamera2's own object."""
    opened = open_camera(SETTINGS)
    assert isinstance(opened, Picamera2Camera)
    with closing(opened):
        yield opened


def record(camera: Picamera2Camera) -> RecordedCapture:
    """Capture this camera; another is opened when it is lost."""
    first = iter([camera])
    return RecordedCapture(lambda: next(first, None) or open_camera(SETTINGS), stall_s=2.0)


def test_it_is_listed(smile_gate: Any) -> None:
    code, out, _ = smile_gate("cameras")
    assert code == 0
    assert out.startswith("picamera2:0  ")


def test_both_streams_show_the_same_moment(camera: Picamera2Camera) -> None:
    for _ in range(5):
        with read(camera) as frame:
            picture = frame.picture
        width, height = camera._camera.camera_configuration()["lores"]["size"]
        assert frame.grey.shape == (height, width)
        assert frame.grey.flags.c_contiguous
        assert picture.shape[2] == 3
        assert picture.shape[1] >= width
        small = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (width, height))
        assert abs(float(small.mean()) - float(frame.grey.mean())) < 4
        assert np.corrcoef(small.ravel(), frame.grey.ravel())[0, 1] > 0.95


def test_a_slow_reader_gets_new_frames_and_starves_nothing(camera: Picamera2Camera) -> None:
    """More frames than the camera has buffers, each held while it is processed."""
    ages = []
    with closing(record(camera)) as recorded:
        for _ in range(15):
            with recorded.read() as frame:
                ages.append(time.monotonic() - frame.time)
                dropped = recorded.capture.dropped
                wait_until(lambda: recorded.capture.dropped > dropped)  # noqa: B023  (waits here)
    assert max(ages) < 2.0 / camera.fps
    assert recorded.calls == []


def test_a_picture_outlives_its_camera() -> None:
    camera = open_camera(SETTINGS)
    frame = read(camera)
    camera.close()
    assert frame.picture.shape[0] >= frame.grey.shape[0]
    frame.release()
    with closing(open_camera(SETTINGS)) as again:
        read(again)


def test_a_camera_that_stops_is_lost_and_back(camera: Picamera2Camera) -> None:
    with closing(record(camera)) as recorded:
        recorded.read().release()
        camera._camera.camera.stop()  # libcamera's, behind picamera2's back
        while "back" not in recorded.calls:
            recorded.read().release()
        assert len(capture_threads()) == 1
    assert len(recorded.calls) == 2
    assert recorded.calls[0]


def test_one_that_is_in_use_or_not_there_is_refused_in_one_line(
    camera: Picamera2Camera, smile_gate: Any
) -> None:
    camera.read()
    for source in ("picamera2:0", f"picamera2:{cameras()}"):
        code, out, err = smile_gate("run", "--source", source)
        assert (code, out) == (2, "")
        assert err.startswith(f"smile-gate: {source}: expected a camera, got: ")
        assert err.count("\n") == 1


def test_hflip_mirrors_the_picture(camera: Picamera2Camera) -> None:
    if "irtual" in camera._camera.camera.id:
        pytest.skip("libcamera's virtual camera can't be mirrored")
    plain = read(camera)
    plain.release()
    camera.close()
    mirrored = Settings(camera=SETTINGS.camera, picamera2=Picamera2Settings(hflip=True))
    with closing(open_camera(mirrored)) as flipped:
        frame = read(flipped)
    assert np.corrcoef(plain.grey[:, ::-1].ravel(), frame.grey.ravel())[0, 1] > 0.9


def test_a_control_that_it_does_not_have_is_named(camera: Picamera2Camera) -> None:
    can = camera._camera.camera_controls
    camera.close()
    if "ExposureTime" in can:
        pytest.skip("this camera has all controls")
    exposed = Settings(camera=SETTINGS.camera, picamera2=Picamera2Settings(exposure_us=1000))
    with pytest.raises(CameraError, match=r"picamera2: expected a camera, got: .*ExposureTime"):
        open_camera(exposed)
    with closing(open_camera(SETTINGS)) as again:
        read(again)
