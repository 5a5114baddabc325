"""Recorded sources: a video file, or a folder of images played at a given rate."""

from __future__ import annotations

import logging
import math
from pathlib import Path

import cv2

from edge.cameras.image_file import list_images, read_grey
from edge.cameras.pixel_format import to_frame
from edge.errors import CameraError
from edge.values import Frame

log = logging.getLogger(__name__)

DEFAULT_FPS = 10.0


class VideoCamera:
    """A video file, frame by frame; ``Frame.time`` is the container's, in seconds from the
    start of its video.

    A frame that has no later time than the frame before follows it after 1 / fps; the first such
    frame is logged.

    Raises:
        CameraError: the file is missing or no video.
    """

    live = False

    COUNTING = frozenset({".mp4", ".m4v", ".mov", ".avi"})
    """Containers that store the number of frames; for others OpenCV guesses from the length."""
    FRAMES_SHORT = 2
    SHARE_SHORT = 0.02
    """Containers may count frames that were never coded: up to so many missing are no damage."""
    LATEST_START_S = 10.0
    """The first frame is not later; OpenCV gives absurd times for a stream that stores no start."""

    def __init__(self, source: str, path: Path) -> None:
        if not path.is_file():
            raise CameraError(f"{source}: expected a video file, got no file there", source)
        self._source = source
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise CameraError(f"{source}: expected a video, got a file that can't be read", source)
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if 0 < fps < 1000 else 30.0
        self._declared = 0  # unknown
        if path.suffix.lower() in self.COUNTING:
            self._declared = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self._index = 0
        self._start = 0.0  # what OpenCV takes for the time of the video's start
        self._time = 0.0
        self._timed_by_rate = False

    def read(self) -> Frame | None:
        ok, picture = self._capture.read()
        if not ok:
            missing = self._declared - self._index
            allowed = max(self.FRAMES_SHORT, self.SHARE_SHORT * self._declared)
            if not self._index or missing > allowed:
                raise CameraError(
                    f"{self._source}: expected {self._declared or 'some'} frames, "
                    f"got {self._index}: the video is cut short or damaged",
                    self._source,
                )
            return None
        frame = to_frame(self._source, self._index, self._advance(), picture)
        self._index += 1
        return frame

    def close(self) -> None:
        self._capture.release()

    def _advance(self) -> float:
        """Return the time of the frame just read."""
        stored = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3
        if not self._index:
            self._start = stored if abs(stored) > self.LATEST_START_S else 0.0
            self._time = max(0.0, stored - self._start)
            return self._time
        time = stored - self._start
        if not self._time < time < math.inf:  # false for NaN, too
            time = self._time + 1 / self.fps
            if not self._timed_by_rate:
                self._timed_by_rate = True
                log.warning(
                    "%s: frame %d has no later time than the frame before: "
                    "such frames are timed by the rate, %g frames per second",
                    self._source,
                    self._index,
                    self.fps,
                )
        self._time = time
        return time


class ImageFolderCamera:
    """The images of a folder in the order of their names, as ``DIR`` or ``DIR@FPS``.

    Raises:
        CameraError: the folder is missing or has no images, or FPS is out of range.
    """

    live = False

    def __init__(self, source: str, folder_at_fps: str) -> None:
        folder, at, fps = folder_at_fps.rpartition("@")
        if not at or Path(folder_at_fps).is_dir():
            folder, fps = folder_at_fps, str(DEFAULT_FPS)
        try:
            self.fps = float(fps)
        except ValueError:
            self.fps = 0.0
        if not 0.01 <= self.fps <= 1000.0:
            raise CameraError(
                f"{source}: expected images:DIR@FPS with FPS from 0.01 to 1000, got {fps!r}",
                source,
            )
        self._paths = list_images(Path(folder))
        if not self._paths:
            got = "an empty one" if Path(folder).is_dir() else "no folder there"
            raise CameraError(f"{source}: expected a folder with images, got {got}", source)
        self._index = 0

    def read(self) -> Frame | None:
        if self._index >= len(self._paths):
            return None
        grey = read_grey(self._paths[self._index])
        frame = Frame(self._index, self._index / self.fps, grey)
        self._index += 1
        return frame

    def close(self) -> None:
        self._paths = []
