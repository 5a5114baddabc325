"""A network camera: RTSP, or MJPEG over HTTP, through OpenCV's FFmpeg."""

from __future__ import annotations

import os
import time
from itertools import count

import cv2

from edge.cameras.pixel_format import to_frame
from edge.errors import CameraError, FrameError
from edge.settings import CameraSettings, StreamSettings
from edge.values import Frame


class StreamCamera:
    """The video at a URL; ``Frame.time`` is monotonic on arrival.

    Opening a URL that does not answer fails after ``camera.stall_s``; ``read`` of a stream that
    falls silent raises ``FrameError`` after each such time.

    Raises:
        CameraError: there is no answer, or the answer is no video; the message tells which.
    """

    live = True

    OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
    FAILURES = 3
    """A stream that fails to give a picture this many times in a row, each time at once, has ended;
    a single failure may be a picture that was damaged on the way."""

    LONGEST_ASKED_S = 2.0
    """How long a camera that gave no stream is asked why."""

    def __init__(self, camera: CameraSettings, settings: StreamSettings) -> None:
        self._shown = camera.shown_source
        self._stall_s = camera.stall_s
        timeout_ms = round(camera.stall_s * 1e3)
        limits = {cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, cv2.CAP_PROP_READ_TIMEOUT_MSEC}
        options = [value for limit in limits for value in (limit, timeout_ms)]
        # The only way to set FFmpeg's own options; read at each opening, also of files.
        os.environ[self.OPTIONS] = (
            f"rtsp_transport;{settings.transport}|fflags;nobuffer|flags;low_delay"
        )
        began = time.monotonic()
        try:
            self._capture = cv2.VideoCapture(camera.source, cv2.CAP_FFMPEG, options)
        finally:
            del os.environ[self.OPTIONS]
        if not self._capture.isOpened():
            got = f"none in {camera.stall_s:g} s"
            if time.monotonic() - began < camera.stall_s:
                from edge.cameras.answer import describe_answer

                got = describe_answer(camera.source, min(camera.stall_s, self.LONGEST_ASKED_S))
            raise CameraError(f"{self._shown}: expected a video stream, got {got}", self._shown)
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if 1 <= fps <= 240 else camera.fps
        self._indices = count()
        self._failures = 0

    def read(self) -> Frame | None:
        asked_at = time.monotonic()
        ok, picture = self._capture.read()
        if not ok:
            self._failures += time.monotonic() - asked_at < self._stall_s / 2
            if self._failures < self.FAILURES:
                raise FrameError(f"{self._shown}: expected a picture, got none", self._shown)
            raise CameraError(f"{self._shown}: the stream ended", self._shown)
        self._failures = 0
        return to_frame(self._shown, next(self._indices), time.monotonic(), picture)

    def close(self) -> None:
        self._capture.release()
