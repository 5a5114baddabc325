"""A USB webcam or other Video4Linux device, through OpenCV."""

from __future__ import annotations

import time

import cv2
import numpy as np

import edge.quiet  # noqa: F401
from edge.errors import CameraError
from edge.frames import Frame
from edge.settings import CameraSettings


class V4l2Camera:
    """A Video4Linux device, ``/dev/videoN`` or ``N``; ``Frame.time`` is monotonic on arrival.

    Raises:
        CameraError: the device is missing, busy or gives no pictures.
    """

    live = True

    def __init__(self, settings: CameraSettings, device: str) -> None:
        self._source = settings.source
        which = int(device) if device.isdecimal() and len(device) < 4 else device
        self._capture = cv2.VideoCapture(which, cv2.CAP_V4L2)
        if not self._capture.isOpened():
            raise CameraError(
                f"{self._source}: expected a camera, got none there, or one that is in use",
                self._source,
            )
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, settings.width)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.height)
        self._capture.set(cv2.CAP_PROP_FPS, settings.fps)
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        self.fps = self._capture.get(cv2.CAP_PROP_FPS) or settings.fps
        self._index = 0

    def read(self) -> Frame | None:
        ok, picture = self._capture.read()
        if not ok:
            raise CameraError(f"{self._source}: the camera stopped delivering", self._source)
        grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        main = np.asarray(picture, np.uint8)
        frame = Frame(self._index, time.monotonic(), np.asarray(grey, np.uint8), main)
        self._index += 1
        return frame

    def close(self) -> None:
        self._capture.release()
