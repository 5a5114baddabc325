"""The back end against a module that answers as picamera2's manual says.

The real picamera2 runs only where libcamera is installed: test_picamera2_real.py.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from edge.cameras import v4l2_devices
from edge.cameras.source import open_camera
from edge.errors import CameraError, MissingPackageError
from edge.settings import CameraSettings, Picamera2Settings, Settings

SETTINGS = Settings(
    camera=CameraSettings(source="picamera2", width=640, height=480, fps=25),
    picamera2=Picamera2Settings(hflip=True, exposure_us=5000, gain=2.5),
)


class FakeRequest:
    """A moment, at 448x336 (it adjusts what it is asked for) with padded rows, and twice that."""

    def __init__(self, log: list[str]) -> None:
        self._log = log
        self.array = np.full((336 * 3 // 2, 512), 128, np.uint8)
        self.array[:336, :448] = 77

    def make_array(self, name: str) -> np.ndarray[Any, Any]:
        assert name == "main"
        return np.full((672, 896, 3), (10, 20, 30), np.uint8)

    def release(self) -> None:
        self._log.append("release")


class FakeMappedArray:
    def __init__(self, request: FakeRequest, name: str) -> None:
        assert name == "lores"
        self.array = request.array

    def __enter__(self) -> FakeMappedArray:
        return self

    def __exit__(self, *_: object) -> None:
        self.array[:] = 0  # the camera fills it again


class FakePicamera2:
    attached = 1
    broken: Exception | None = None
    in_use = False
    log: list[str]

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
        assert configuration["controls"] == {
            "FrameRate": 25,
            "ExposureTime": 5000,
            "AnalogueGain": 2.5,
        }
        configuration["lores"] = {**configuration["lores"], "size": (448, 336)}

    def camera_configuration(self) -> dict[str, Any]:
        return self.asked

    def start(self) -> None:
        self.log.append("start")

    def capture_request(self, wait: float) -> FakeRequest:
        assert wait == SETTINGS.camera.stall_s
        if self.broken is not None:
            raise self.broken
        return FakeRequest(self.log)

    def cancel_all_and_flush(self) -> None:
        self.log.append("cancel")

    def close(self) -> None:
        self.log.append("close")


@pytest.fixture
def listed(smile_gate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that lists the cameras, with none of Video4Linux."""
    monkeypatch.setattr(v4l2_devices, "DEV", tmp_path)

    def call() -> str:
        code, out, err = smile_gate("cameras")
        assert (code, err) == (0, "")
        return str(out)

    return call


@pytest.fixture(autouse=True)
def fake_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    picamera2, libcamera = ModuleType("picamera2"), ModuleType("libcamera")
    picamera2.Picamera2 = FakePicamera2  # type: ignore[attr-defined]
    picamera2.MappedArray = FakeMappedArray  # type: ignore[attr-defined]
    libcamera.Transform = dict  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "picamera2", picamera2)
    monkeypatch.setitem(sys.modules, "libcamera", libcamera)


def test_frames_are_the_luma_plane_of_the_small_stream() -> None:
    camera = open_camera(SETTINGS)
    first, second = camera.read(), camera.read()
    camera.close()
    assert first is not None
    assert second is not None
    assert first.grey.shape == (336, 448)
    assert first.grey.flags.c_contiguous
    assert np.all(first.grey == 77)
    assert (first.index, second.index) == (0, 1)
    assert second.time >= first.time
    assert FakePicamera2.log == ["start", "cancel", "close"]


def test_a_snapshot_is_the_large_stream_in_bgr() -> None:
    frame = open_camera(SETTINGS).read()
    assert frame is not None
    assert frame.picture.shape == (672, 896, 3)
    assert frame.picture[0, 0].tolist() == [10, 20, 30]


def test_a_request_goes_back_when_its_frame_is_not_needed_any_more() -> None:
    camera = open_camera(SETTINGS)
    frame = camera.read()
    assert FakePicamera2.log == ["start"]
    del frame
    assert FakePicamera2.log == ["start", "release"]


def test_no_camera_attached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakePicamera2, "attached", 0)
    with pytest.raises(CameraError, match="picamera2: expected a camera, got: No camera number 0"):
        open_camera(SETTINGS)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("Camera frontend timed out"), "Camera front"),
        (TimeoutError(), "Timeo"),
    ],
)
def test_a_camera_that_stops_is_named(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = open_camera(SETTINGS)
    monkeypatch.setattr(FakePicamera2, "broken", error)
    with pytest.raises(CameraError, match=f"picamera2: the camera stopped: {said}"):
        camera.read()
    camera.close()


def test_it_is_listed_with_its_sensor_modes_and_closed_again(listed: Any) -> None:
    assert listed() == "picamera2:0  imx708\n  1536x864 at 120 fps\n"
    assert FakePicamera2.log == ["close"]


def test_one_that_is_in_use_is_listed_without(listed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakePicamera2, "in_use", True)
    assert listed() == "picamera2:0  imx708\n"


def test_without_a_camera_or_the_package_none_is_listed(
    listed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakePicamera2, "attached", 0)
    assert listed() == "no camera is attached\n"
    monkeypatch.setitem(sys.modules, "picamera2", None)
    assert listed() == "no camera is attached\n"


def test_another_camera_is_chosen_by_its_number() -> None:
    second = replace(SETTINGS, camera=replace(SETTINGS.camera, source="picamera2:1"))
    with pytest.raises(CameraError, match=r"picamera2:1: expected .*: No camera number 1"):
        open_camera(second)


def test_a_tuning_file_that_is_not_there_is_named() -> None:
    tuned = replace(SETTINGS, picamera2=Picamera2Settings(tuning_file="/no/such.json"))
    with pytest.raises(CameraError, match=r"picamera2\.tuning_file: expected a file.*such\.json"):
        open_camera(tuned)


def test_a_picture_of_a_camera_that_was_closed_is_the_grey_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gone(*_: object) -> None:
        raise RuntimeError("the buffer is gone")

    frame = open_camera(SETTINGS).read()
    assert frame is not None
    monkeypatch.setattr(FakeRequest, "make_array", gone)
    monkeypatch.setattr(FakeRequest, "release", gone)
    assert frame.picture is frame.grey
    del frame  # which nobody may be told of


def test_a_package_built_for_another_numpy_is_no_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delitem(sys.modules, "picamera2")
    (tmp_path / "picamera2.py").write_text("raise ValueError('numpy.dtype size changed')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingPackageError, match=r"got: numpy\.dtype size changed; on Raspberry"):
        open_camera(SETTINGS)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(MissingPackageError, match="apt install python3-picamera2"):
        open_camera(SETTINGS)
