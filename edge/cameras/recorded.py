"""Recorded sources: a video file, or a folder of images played at a given rate."""

from __future__ import annotations

from pathlib import Path

import cv2

from edge.cameras.image_file import list_images, read_grey
from edge.cameras.pixel_format import to_frame
from edge.errors import CameraError
from edge.values import Frame

DEFAULT_FPS = 10.0


class VideoCamera:
    """A video file, frame by frame; ``Frame.time`` is index / fps of the file.

    Raises:
        CameraError: the file is missing or no video.
    """

    live = False

    COUNTING = frozenset({".mp4", ".m4v", ".mov", ".avi"})
    """Containers that store the number of frames; for others OpenCV guesses from the length."""
    FRAMES_SHORT = 2
    SHARE_SHORT = 0.02
    """Containers may count frames that were never coded: up to so many missing are no damage."""

    def __init__(self, source: str, path: Path) -> None:
        if not path.is_file():
            raise CameraError(f"{source}: expected a video file, got no file there", source)
        self._source = source
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise CameraError(f"{source}: expected a video, got a file that can't be read", source)
        self.frame_count = max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if 0 < fps < 1000 else 30.0
        self._declared = 0  # unknown
        if path.suffix.lower() in self.COUNTING:
            self._declared = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self._index = 0

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
        frame = to_frame(self._source, self._index, self._index / self.fps, picture)
        self._index += 1
        return frame

    def close(self) -> None:
        self._capture.release()


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
