"""Recorded sources: a video file, or a folder of images played at a given rate."""

from __future__ import annotations

import logging
import math
from pathlib import Path

import cv2

from edge.cameras.image_file import list_images, read_grey
from edge.cameras.mp4 import shown_s
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

    MP4 = frozenset({".mp4", ".m4v", ".mov", ".3gp"})
    AVI = frozenset({".avi"})
    """Containers that count their frames."""
    TIMED = frozenset({".mkv", ".webm", ".flv"})
    """Containers that store a length only. Of all others OpenCV guesses it from their size."""
    SHORT_S, SHORT_SHARE = 0.2, 0.05
    """A clip may end so much before the end that its container promises, whichever is more: sound
    goes on for longer, or the last frames were never coded."""
    FEW_DAMAGED = 3
    """No more frames than this, or ``SHORT_SHARE``, may be damaged."""
    FAILURES_AT_END = 300
    """After so many frames in a row that can't be decoded, the video is at its end."""
    LATEST_START_S = 10.0
    """The first frame is not later; OpenCV gives absurd times for a stream that stores no start."""

    def __init__(self, source: str, path: Path) -> None:
        if not path.is_file():
            raise CameraError(f"{source}: expected a video file, got no file there", source)
        self._source = source
        whole = str(path.absolute())  # FFmpeg takes 10:00.mp4 for a URL
        self._capture = cv2.VideoCapture(whole, cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise CameraError(f"{source}: expected a video, got a file that can't be read", source)
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.frame_count = max(0, int(count))
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if 0 < fps < 1000 else 30.0
        self._promised = 0  # frames; 0: unknown
        self._promised_s = 0.0
        suffix = path.suffix.lower()
        if suffix in self.MP4:
            self._promised_s = shown_s(path)
        elif suffix in self.AVI | self.TIMED and count > 0 < fps:
            self._promised_s = count / fps
        if self._promised_s and suffix not in self.TIMED:
            self._promised = int(count)
        self._index = 0
        self._start = 0.0  # what OpenCV takes for the time of the video's start
        self._time = 0.0
        self._timed_by_rate = False
        self._damaged = 0  # frames between others that could not be decoded

    def read(self) -> Frame | None:
        for failures in range(self.FAILURES_AT_END):
            ok, picture = self._capture.read()
            if ok:
                self._damaged += failures
                break
        else:
            self._compare_with_promise()
            return None
        frame = to_frame(self._source, self._index, self._advance(), picture)
        self._index += 1
        return frame

    def close(self) -> None:
        self._capture.release()

    def _compare_with_promise(self) -> None:
        """Raise ``CameraError`` if much of the video is missing; log if a little is."""
        if 0 < self._promised <= self._index:
            return
        ended_s = self._time + 1 / self.fps if self._index else 0.0
        early_s = self._promised_s - ended_s
        frames = self._promised or self._index + self._damaged
        words = f"expected {frames or 'some'} frames, got {self._index}"
        if not self._promised and early_s > self.SHORT_S:
            words = f"expected {self._promised_s:.1f} s of video, got {ended_s:.1f} s"
        if (
            not self._index
            or early_s > max(self.SHORT_S, self.SHORT_SHARE * self._promised_s)
            or self._damaged > max(self.FEW_DAMAGED, self.SHORT_SHARE * frames)
        ):
            raise CameraError(
                f"{self._source}: {words}: the video is cut short or damaged", self._source
            )
        if frames > self._index or early_s > self.SHORT_S:
            log.warning("%s: %s: the rest is hidden by an edit, or damaged", self._source, words)

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
        self.frame_count = len(self._paths)
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
