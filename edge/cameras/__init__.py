"""Frame sources behind one interface; ``open_camera`` picks one by its SPEC."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from edge.errors import CameraError
from edge.frames import Frame
from edge.settings import CameraSettings

KINDS = "picamera2, v4l2:DEVICE, file:CLIP, images:DIR@FPS, demo or a path"


class Camera(Protocol):
    """A source of frames, open from construction until ``close``.

    Attributes:
        live: True when frames come at their own pace, False when they can be read at any.
        fps: frames per second the source gives, or is meant to be played at.
    """

    live: bool
    fps: float

    def read(self) -> Frame | None:
        """Return the next frame, None at the end of the source.

        Raises:
            CameraError: the source stopped delivering before its end.
            ImageError: an image of a folder can't be read.
        """

    def close(self) -> None:
        """Release the source; may be called more than once."""


def open_camera(settings: CameraSettings) -> Camera:
    """Open the source that ``settings.source`` names. Each back end is imported when chosen.

    Raises:
        CameraError: the source is of no known kind, missing or can't be read.
        MissingPackageError: the source needs a package that is not installed.
    """
    source = settings.source
    kind, colon, rest = source.partition(":")
    if source == "picamera2":
        from edge.cameras.picamera2 import Picamera2Camera

        return Picamera2Camera(settings)
    if source == "demo":
        from edge.cameras.demo import DemoCamera

        return DemoCamera()
    if kind == "v4l2" and colon:
        from edge.cameras.v4l2 import V4l2Camera

        return V4l2Camera(settings, rest)
    return _open_recorded(source, kind if colon else "", rest)


def _open_recorded(source: str, kind: str, rest: str) -> Camera:
    from edge.cameras.file import ImageFolderCamera, VideoCamera

    if kind == "images":
        return ImageFolderCamera(source, rest)
    if kind == "file":
        return VideoCamera(source, Path(rest))
    if source and Path(source).is_dir():
        return ImageFolderCamera(source, source)
    if Path(source).is_file() or Path(source).suffix:
        return VideoCamera(source, Path(source))
    raise CameraError(f"{source}: expected a source: {KINDS}", source)
