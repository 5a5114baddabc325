"""A USB webcam or other Video4Linux device, through OpenCV."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count

import cv2

from edge.cameras.pixel_format import to_frame
from edge.errors import CameraError
from edge.settings import CameraSettings, V4l2Settings
from edge.values import Frame


class V4l2Camera:
    """A Video4Linux device, ``/dev/videoN`` or ``N``; ``Frame.time`` is monotonic on arrival.

    The luma of YUYV is not converted; of MJPG only the luma is decoded until the colours are asked
    for.

    Raises:
        CameraError: the device is missing, busy or no camera.
    """

    live = True

    RAW = frozenset({"YUYV", "MJPG"})
    """Pixel formats that OpenCV is told not to convert."""
    BUFFERS = 4
    """No more frames than this wait in the driver when nobody reads for some time."""
    AT_ONCE_S = 0.01
    """A frame that takes longer to arrive is new: it did not wait in the driver."""
    OLD, LONGEST_S = 2.0, 60.0
    """A frame that waited is dropped if it is older than ``OLD`` frame times by the driver's clock,
    unless the age is so high, or negative, that the driver must have another clock."""

    def __init__(
        self,
        camera: CameraSettings,
        settings: V4l2Settings,
        device: str,
        *,
        open_device: Callable[..., cv2.VideoCapture] = cv2.VideoCapture,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = camera.source
        self._clock = clock
        name = int(device) if device.isdecimal() and len(device) < 4 else device
        self._capture = open_device(name, cv2.CAP_V4L2)
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
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if 1 <= fps <= 240 else camera.fps
        self._indices = count()

    def read(self) -> Frame | None:
        for _ in range(self.BUFFERS + 1):
            asked_at = self._clock()
            ok = self._capture.grab()
            arrived = self._clock()
            if not ok or arrived - asked_at > self.AT_ONCE_S or not self._is_old(arrived):
                break
        picture = self._capture.retrieve()[1] if ok else None
        if picture is None:
            raise CameraError(f"{self._source}: the camera stopped delivering", self._source)
        return to_frame(self._source, next(self._indices), arrived, picture)

    def _is_old(self, arrived: float) -> bool:
        age_s = arrived - self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3
        return self.OLD / self.fps < age_s < self.LONGEST_S

    def close(self) -> None:
        self._capture.release()
