"""The back end against a module that answers as picamera2's manual says.

The real picamera2 runs only where libcamera is installed, that is not here.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from edge.cameras import open_camera
from edge.errors import CameraError, MissingPackageError
from edge.settings import CameraSettings

SETTINGS = CameraSettings(source="picamera2", width=640, height=480, fps=25)


class FakePicamera2:
    """A camera whose frames are 448x336 (it adjusts what it is asked for) with rows padded."""

    attached = True
    broken = False
    log: list[str]

    def __init__(self) -> None:
        FakePicamera2.log = []
        if not self.attached:
            raise IndexError("list index out of range")

    def create_video_configuration(self, **kwargs: Any) -> dict[str, Any]:
        self.asked = kwargs
        return kwargs

    def configure(self, configuration: dict[str, Any]) -> None:
        assert configuration["main"] == {"size": (640, 480), "format": "YUV420"}
        assert configuration["controls"] == {"FrameRate": 25}
        configuration["main"] = {**configuration["main"], "size": (448, 336)}

    def camera_configuration(self) -> dict[str, Any]:
        return self.asked

    def start(self) -> None:
        self.log.append("start")

    def capture_array(self, name: str) -> np.ndarray[Any, Any]:
        assert name == "main"
        if self.broken:
            raise RuntimeError("Camera frontend has timed out!")
        planes = np.full((336 * 3 // 2, 512), 128, np.uint8)
        planes[:336, :448] = 77
        return planes

    def close(self) -> None:
        self.log.append("close")


@pytest.fixture(autouse=True)
def fake_module(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("picamera2")
    module.Picamera2 = FakePicamera2  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "picamera2", module)


def test_frames_are_the_luma_plane() -> None:
    camera = open_camera(SETTINGS)
    first, second = camera.read(), camera.read()
    camera.close()
    assert first is not None
    assert second is not None
    assert first.grey.shape == (336, 448)
    assert np.all(first.grey == 77)
    assert (first.index, second.index) == (0, 1)
    assert second.time >= first.time
    assert FakePicamera2.log == ["start", "close"]


def test_no_camera_attached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakePicamera2, "attached", False)
    with pytest.raises(CameraError, match="picamera2: expected a camera, got: list index"):
        open_camera(SETTINGS)


def test_a_camera_that_stops_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = open_camera(SETTINGS)
    monkeypatch.setattr(FakePicamera2, "broken", True)
    with pytest.raises(CameraError, match="picamera2: the camera stopped: Camera frontend"):
        camera.read()
    camera.close()


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(MissingPackageError, match="apt install python3-picamera2"):
        open_camera(SETTINGS)
