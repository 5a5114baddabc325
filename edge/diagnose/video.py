"""Writes the frames of a clip, with their faces and scores, as a video."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from edge.diagnose.annotate import annotate
from edge.errors import RecordingError
from edge.values import Decision, Frame, Picture, SmileScore

CODECS = {".mp4": "mp4v", ".avi": "MJPG"}
"""The codec for a file name's ending: what every build of OpenCV can write."""


class AnnotatedVideo:
    """A video file with boxes and scores; a watcher of ``Pipeline``.

    The frames keep their times: a frame is shown until the next, but for ``GAP_S`` at most. All
    are as large as the first.

    Args:
        path: its name ends in .mp4 or .avi; a file that is there is replaced.
        fps: frames per second of the video.
        threshold: a face with this score or above has a green box, any other an orange one.

    Raises:
        RecordingError: at the first frame, or by ``close``: the file can't be written.
    """

    GAP_S = 10.0
    """A longer time between two frames is shortened: it may be a wrong time in the clip."""
    FIRED_S = 0.5
    """How long the video shows that a firing was."""

    def __init__(self, path: Path, fps: float, threshold: float) -> None:
        self._path = path
        self._fps = fps
        self._threshold = threshold
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._written = 0
        self._time = self._due = 0.0  # of the last frame in the clip, and in the video
        self._shown: Picture | None = None
        self._fired_at = -math.inf

    def __call__(self, frame: Frame, scores: Sequence[SmileScore], decision: Decision) -> None:
        if decision.fire:
            self._fired_at = decision.time
        fired = ["FIRED"] if decision.time - self._fired_at < self.FIRED_S else []
        picture = annotate(
            frame.picture,
            scores,
            threshold=self._threshold,
            frame_width=frame.grey.shape[1],
            lines=[f"{frame.time:.2f} s", *fired],
        )
        if self._writer is None:
            self._size = picture.shape[1], picture.shape[0]
            self._writer = self._open()
        picture = _fitted(picture, self._size)
        self._due += min(frame.time - self._time, max(self.GAP_S, 2.0 / self._fps))
        self._time = frame.time
        due = round(self._due * self._fps)
        before = picture if self._shown is None else self._shown
        while self._written <= due:
            self._writer.write(picture if self._written == due else before)
            self._written += 1
        self._shown = picture

    def close(self) -> None:
        """Finish the file; may be called more than once.

        Raises:
            RecordingError: frames could not be written, as on a full disk.
        """
        if self._writer is None:
            return
        self._writer.release()
        self._writer = None
        video = cv2.VideoCapture(os.path.abspath(self._path), cv2.CAP_FFMPEG)  # noqa: PTH100
        count = int(video.get(cv2.CAP_PROP_FRAME_COUNT)) if video.isOpened() else 0
        video.release()
        if count < self._written:
            raise RecordingError(
                f"expected a video of {self._written} frames, got {count}: is the disk full?",
                self._path,
            )

    def _open(self) -> cv2.VideoWriter:
        # A whole path: FFmpeg takes what comes before a colon for a protocol.
        name = os.path.abspath(self._path)  # noqa: PTH100
        codec = cv2.VideoWriter.fourcc(*CODECS[self._path.suffix.lower()])
        writer = cv2.VideoWriter(name, cv2.CAP_FFMPEG, codec, self._fps, self._size)
        if not writer.isOpened():
            raise RecordingError("expected a video file to write to, got none", self._path)
        return writer


def _fitted(picture: Picture, size: tuple[int, int]) -> Picture:
    """Return a picture in this width and height, with black bars where its shape is another."""
    height, width = picture.shape[:2]
    if (width, height) == size:
        return picture
    scale = min(size[0] / width, size[1] / height)
    scaled = cv2.resize(picture, (round(width * scale), round(height * scale)))
    whole = np.zeros((size[1], size[0], 3), np.uint8)
    whole[: scaled.shape[0], : scaled.shape[1]] = scaled
    return whole
