"""A Raspberry Pi camera through picamera2 (Picamera2 manual, chapters 4 and 6)."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from edge.errors import CameraError, MissingPackageError
from edge.frames import Frame
from edge.settings import CameraSettings


class Picamera2Camera:
    """The first camera libcamera finds; ``Frame.time`` is monotonic on arrival.

    Frames are asked for as YUV420, whose first ``height`` rows are the luma plane: no colour
    conversion is needed.

    Raises:
        MissingPackageError: picamera2 is not installed.
        CameraError: no camera is attached, or it is in use.
    """

    live = True

    def __init__(self, settings: CameraSettings) -> None:
        try:
            from picamera2 import Picamera2
        except ImportError as error:
            raise MissingPackageError(
                f"picamera2: expected the package, got: {error}; "
                "on Raspberry Pi OS: apt install python3-picamera2",
                name="picamera2",
            ) from error
        self._source = settings.source
        self.fps = settings.fps
        self._camera: Any = None
        try:
            self._camera = Picamera2()
            self._camera.configure(
                self._camera.create_video_configuration(
                    main={"size": (settings.width, settings.height), "format": "YUV420"},
                    controls={"FrameRate": settings.fps},
                )
            )
            # libcamera may have adjusted the size to what the sensor can do.
            self._width, self._height = self._camera.camera_configuration()["main"]["size"]
            self._camera.start()
        except (IndexError, RuntimeError, OSError) as error:
            self.close()
            raise CameraError(
                f"{self._source}: expected a camera, got: {error}", self._source
            ) from error
        self._index = 0

    def read(self) -> Frame | None:
        try:
            planes = self._camera.capture_array("main")
        except (RuntimeError, OSError) as error:
            raise CameraError(
                f"{self._source}: the camera stopped: {error}", self._source
            ) from error
        luma = np.ascontiguousarray(planes[: self._height, : self._width])
        # Rows that are padded hold the chroma planes in a way that OpenCV can't read.
        main = planes if planes.shape == (self._height * 3 // 2, self._width) else None
        frame = Frame(self._index, time.monotonic(), luma, main)
        self._index += 1
        return frame

    def close(self) -> None:
        if self._camera is not None:
            self._camera.close()
            self._camera = None
