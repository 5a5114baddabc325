"""The back end against a stand-in that behaves as picamera2's manual says.

The real picamera2 runs only where libcamera is installed: test_picamera2_real.py.
"""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from edge.cameras import v4l2_devices
from edge.cameras.source import open_camera
from edge.errors import CameraError, MissingPackageError
from edge.faces.tracker import FaceTracker
from edge.model.classifier import Classifier
from edge.settings import CameraSettings, Picamera2Settings, Settings
from tests.edge.cameras.harness import read
from tests.edge.test_pipeline import play

SETTINGS = Settings(
    camera=CameraSettings(source="picamera2", width=640, height=480, fps=25),
    picamera2=Picamera2Settings(hflip=True, exposure_us=5000, gain=2.5),
)


class FakeRequest:
    """A moment in a buffer of the camera: 448x336 (the camera adjusts the size) with padded rows,
    and twice that size."""

    def __init__(self) -> None:
        self.releases = 0
        self.array = np.full((336 * 3 // 2, 512), 128, np.uint8)
        self.array[:336, :448] = 77

    def make_array(self, name: str) -> np.ndarray[Any, Any]:
        assert name == "main"
        return np.full((672, 896, 3), (10, 20, 30), np.uint8)

    def release(self) -> None:
        self.releases += 1


class FakeMappedArray:
    def __init__(self, request: FakeRequest, name: str) -> None:
        assert name == "lores"
        self.array = request.array

    def __enter__(self) -> FakeMappedArray:
        return self

    def __exit__(self, *_: object) -> None:
        self.array[:] = 0  # the camera fills it again


class FakePicamera2:
    """A camera; ``requests`` is what all cameras of a test have lent."""

    attached = 1
    broken: Exception | None = None
    in_use = False
    log: list[str]
    requests: list[FakeRequest]

    def __init__(self, number: int = 0, tuning: str | None = None) -> None:
        FakePicamera2.log = []
        if number >= self.attached:
            raise RuntimeError(f"No camera number {number} found")
        if self.in_use:
            raise RuntimeError("Camera __init__ sequence did not complete.")
        self.tuning = tuning

    @classmethod
    def global_camera_info(cls) -> list[dict[str, Any]]:
        return [{"Model": "imx708", "Id": "/base/imx708@1a", "Num": 0}][: cls.attached]

    @property
    def sensor_modes(self) -> list[dict[str, Any]]:
        return [{"size": (1536, 864), "fps": 120.13}, {"format": "MJPEG"}]

    def create_video_configuration(self, **kwargs: Any) -> dict[str, Any]:
        self.asked = kwargs
        return kwargs

    def configure(self, configuration: dict[str, Any]) -> None:
        assert configuration["main"] == {"size": (1280, 960), "format": "RGB888"}
        assert configuration["lores"] == {"size": (640, 480), "format": "YUV420"}
        assert configuration["transform"] == {"hflip": True, "vflip": False}
        controls = {"FrameRate": 25, "ExposureTime": 5000, "AnalogueGain": 2.5}
        assert configuration["controls"] == controls
        configuration["lores"] = {**configuration["lores"], "size": (448, 336)}

    def camera_configuration(self) -> dict[str, Any]:
        return self.asked

    def start(self) -> None:
        self.log.append("start")

    def capture_request(self, wait: float) -> FakeRequest:
        assert wait == SETTINGS.camera.stall_s
        if self.broken is not None:
            raise self.broken
        self.requests.append(FakeRequest())
        return self.requests[-1]

    def cancel_all_and_flush(self) -> None:
        self.log.append("cancel")

    def close(self) -> None:
        self.log.append("close")


@pytest.fixture(autouse=True)
def fake_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    picamera2, libcamera = ModuleType("picamera2"), ModuleType("libcamera")
    picamera2.Picamera2 = FakePicamera2  # type: ignore[attr-defined]
    picamera2.MappedArray = FakeMappedArray  # type: ignore[attr-defined]
    libcamera.Transform = dict  # type: ignore[attr-defined]
    monkeypatch.setattr(FakePicamera2, "requests", [], raising=False)
    monkeypatch.setitem(sys.modules, "picamera2", picamera2)
    monkeypatch.setitem(sys.modules, "libcamera", libcamera)


def test_frames_are_the_luma_of_the_small_stream_and_the_large_stream_in_bgr() -> None:
    camera = open_camera(SETTINGS)
    first, second = read(camera), read(camera)
    assert first.grey.shape == (336, 448)
    assert first.grey.flags.c_contiguous
    assert np.all(first.grey == 77)
    assert first.picture.shape == (672, 896, 3)
    assert first.picture[0, 0].tolist() == [10, 20, 30]
    assert (first.index, second.index) == (0, 1)
    assert second.time >= first.time
    camera.close()
    assert FakePicamera2.log == ["start", "cancel", "close"]


# Each request goes back to the camera, once


def releases() -> set[int]:
    """How often each request was released."""
    return {request.releases for request in FakePicamera2.requests}


def test_a_request_is_released_with_its_frame_and_once() -> None:
    with read(open_camera(SETTINGS)) as frame:
        assert releases() == {0}
    assert releases() == {1}
    frame.release()
    assert releases() == {1}
    assert frame.picture is frame.grey


def test_a_request_that_cannot_be_mapped_is_released(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeMappedArray, "__enter__", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        open_camera(SETTINGS).read()
    assert releases() == {1}


def test_the_request_of_a_frame_that_a_stage_fails_at_is_released(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FaceTracker, "find", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        play(open_camera(SETTINGS), classifier)
    assert releases() == {1}


def test_a_picture_of_a_camera_that_was_closed_is_the_grey_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gone(*_: object) -> None:
        raise RuntimeError("the buffer is gone")

    frame = read(open_camera(SETTINGS))
    monkeypatch.setattr(FakeRequest, "make_array", gone)
    monkeypatch.setattr(FakeRequest, "release", gone)
    assert frame.picture is frame.grey
    frame.release()  # the camera's error is no concern of the owner


# Cameras that are missing, or stop


@pytest.mark.parametrize(
    ("source", "attached", "settings", "message"),
    [
        ("picamera2", 0, {}, "picamera2: expected a camera, got: No camera number 0"),
        ("picamera2:1", 1, {}, "picamera2:1: expected a camera, got: No camera number 1"),
        (
            "picamera2",
            1,
            {"tuning_file": "/no/such.json"},
            r"picamera2\.tuning_file: expected a file, got none at /no/such\.json",
        ),
    ],
)
def test_what_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    attached: int,
    settings: dict[str, str],
    message: str,
) -> None:
    monkeypatch.setattr(FakePicamera2, "attached", attached)
    camera = replace(SETTINGS.camera, source=source)
    with pytest.raises(CameraError, match=message):
        open_camera(Settings(camera=camera, picamera2=replace(SETTINGS.picamera2, **settings)))


@pytest.mark.parametrize(
    ("error", "words"),
    [(RuntimeError("Camera frontend timed out"), "Camera front"), (TimeoutError(), "Timeo")],
)
def test_a_camera_that_stops_is_named(
    error: Exception, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_camera(SETTINGS)) as camera:
        monkeypatch.setattr(FakePicamera2, "broken", error)
        with pytest.raises(CameraError, match=f"picamera2: the camera stopped: {words}"):
            camera.read()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        # The package was built for another NumPy.
        ("raise ValueError('numpy.dtype size changed')", r"got: numpy\.dtype size changed; on Ras"),
        ("import no_such_module", "apt install python3-picamera2"),
    ],
)
def test_a_package_that_cannot_be_imported_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str, message: str
) -> None:
    monkeypatch.delitem(sys.modules, "picamera2")
    (tmp_path / "picamera2.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingPackageError, match=message):
        open_camera(SETTINGS)


# Cameras that are attached


@pytest.mark.parametrize(
    ("state", "output"),
    [
        ({}, "picamera2:0  imx708\n  1536x864 at 120 fps\n"),
        ({"in_use": True}, "picamera2:0  imx708\n"),
        ({"attached": 0}, "no camera is attached\n"),
        (None, "no camera is attached\n"),  # without the package
    ],
)
def test_cameras_are_listed_with_their_sensor_modes_and_closed_again(
    smile_gate: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    state: dict[str, Any] | None,
    output: str,
) -> None:
    monkeypatch.setattr(v4l2_devices, "DEV", tmp_path)  # none of Video4Linux
    if state is None:
        monkeypatch.setitem(sys.modules, "picamera2", None)
    for name, value in (state or {}).items():
        monkeypatch.setattr(FakePicamera2, name, value)
    assert smile_gate("cameras") == (0, output, "")
    if state == {}:
        assert FakePicamera2.log == ["close"]
