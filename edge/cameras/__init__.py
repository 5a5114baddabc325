"""Frame sources behind one interface; ``open_camera`` picks one by its SPEC."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from edge.errors import CameraError, MissingPackageError
from edge.frames import Frame
from edge.settings import CameraSettings, Settings

KINDS = (
    "picamera2, picamera2:NUMBER, v4l2:DEVICE, rtsp://HOST/PATH, http://HOST/PATH, file:CLIP, "
    "images:DIR@FPS, demo or a path"
)
LIVE = re.compile(r"picamera2(:[0-9]{1,3})?|v4l2:.+|(rtsp|http)s?://.*", re.DOTALL)


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
            FrameError: this was no picture, the next may be one.
            ImageError: an image of a folder can't be read.
        """

    def close(self) -> None:
        """Release the source; may be called more than once."""


class Attached(Struct, frozen=True):
    """A camera that is attached.

    Attributes:
        source: its SPEC.
        name: what it calls itself.
        modes: what it can do, in words, a format or a sensor mode each.
    """

    source: str
    name: str
    modes: tuple[str, ...]


def is_live(source: str) -> bool:
    """Tell whether a SPEC names a live camera: one that may be missing now and come later."""
    return LIVE.fullmatch(source) is not None


def open_camera(settings: Settings) -> Camera:
    """Open the source that ``camera.source`` names. Each back end is imported when chosen.

    Raises:
        CameraError: the source is of no known kind, missing or can't be read.
        MissingPackageError: the source needs a package that is not installed.
    """
    camera = settings.camera
    kind, colon, rest = camera.source.partition(":")
    match kind:
        case "picamera2" if not colon or re.fullmatch("[0-9]{1,3}", rest):
            from edge.cameras.picamera2 import Picamera2Camera

            return Picamera2Camera(camera, settings.picamera2, int(rest or 0))
        case "v4l2" if rest:
            from edge.cameras.v4l2 import V4l2Camera

            return V4l2Camera(camera, settings.v4l2, rest)
        case "rtsp" | "rtsps" | "http" | "https" if rest.startswith("//"):
            from edge.cameras.stream import StreamCamera

            return StreamCamera(camera, settings.stream)
        case "demo" if not colon:
            from edge.cameras.demo import DemoCamera

            return DemoCamera()
        case _:
            return _open_recorded(camera, kind if colon else "", rest)


def list_attached() -> Iterator[Attached]:
    """Yield the cameras that are attached to this machine."""
    from edge.cameras import devices, picamera2

    with suppress(MissingPackageError):
        yield from picamera2.list_attached()
    yield from devices.list_attached()


def _open_recorded(camera: CameraSettings, kind: str, rest: str) -> Camera:
    from edge.cameras.file import ImageFolderCamera, VideoCamera

    shown, path = camera.shown_source, Path(camera.source)
    if kind == "images":
        return ImageFolderCamera(shown, rest)
    if kind == "file":
        return VideoCamera(shown, Path(rest))
    if camera.source and path.is_dir():
        return ImageFolderCamera(shown, camera.source)
    if path.is_file() or path.suffix:
        return VideoCamera(shown, path)
    raise CameraError(f"{shown}: expected a source: {KINDS}", shown)
