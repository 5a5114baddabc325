"""A USB webcam or other Video4Linux device, through OpenCV."""

from __future__ import annotations

import time

import cv2

import edge.quiet  # noqa: F401
from edge.cameras.pictures import to_frame
from edge.errors import CameraError
from edge.frames import Frame
from edge.settings import CameraSettings, V4l2Settings


class V4l2Camera:
    """A Video4Linux device, ``/dev/videoN`` or ``N``; ``Frame.time`` is monotonic on arrival.

    Of YUYV the luma is taken as it is; of MJPG only the luma is decoded, unless somebody wants the
    colours.

    Raises:
        CameraError: the device is missing, busy or no camera.
    """

    live = True

    RAW = frozenset({"YUYV", "MJPG"})
    """Formats that are taken as they come, not converted by OpenCV."""

    def __init__(self, camera: CameraSettings, settings: V4l2Settings, device: str) -> None:
        self._source = camera.source
        which = int(device) if device.isdecimal() and len(device) < 4 else device
        self._capture = cv2.VideoCapture(which, cv2.CAP_V4L2)
        if not self._capture.isOpened():
            raise CameraError(
                f"{self._source}: expected a camera, got none there, or one that is in use",
                self._source,
            )
        if settings.format != "auto":
            self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*settings.format))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, camera.width)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, camera.height)
        self._capture.set(cv2.CAP_PROP_FPS, camera.fps)
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        fourcc = int(self._capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little")
        if fourcc.decode("latin-1") in self.RAW:
            self._capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)
        self.fps = self._capture.get(cv2.CAP_PROP_FPS) or camera.fps
        self._index = 0

    def read(self) -> Frame | None:
        ok, picture = self._capture.read()
        if not ok:
            raise CameraError(f"{self._source}: the camera stopped delivering", self._source)
        self._index += 1
        return to_frame(self._source, self._index - 1, time.monotonic(), picture)

    def close(self) -> None:
        self._capture.release()
