"""The only parser of a source's SPEC, and the opening of the camera that it names."""
# Path.expanduser raises at ~nobody.
# ruff: noqa: PTH111

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from edge.cameras.camera import Attached, Camera
from edge.errors import CameraError, MissingPackageError
from edge.settings import CameraSettings, Settings

KINDS = (
    "picamera2, picamera2:NUMBER, v4l2:DEVICE, rtsp://HOST/PATH, http://HOST/PATH, file:CLIP, "
    "images:DIR@FPS, demo or a path"
)
LIVE = re.compile(r"picamera2(:[0-9]{1,3})?|v4l2:.+|(rtsp|http)s?://.*", re.DOTALL)


def is_live(source: str) -> bool:
    """Tell whether a SPEC names a live camera, which may be missing now and attached later."""
    return LIVE.fullmatch(source) is not None


def open_camera(settings: Settings) -> Camera:
    """Open the source that ``camera.source`` names; a back end is imported when it is chosen.

    Raises:
        CameraError: the source is of no known kind, missing or can't be read.
        MissingPackageError: the source needs a package that is not installed.
    """
    camera = settings.camera
    kind, colon, rest = camera.source.partition(":")
    if is_live(camera.source):
        _expect_utf8(camera)
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
    from edge.cameras import picamera2, v4l2_devices

    with suppress(MissingPackageError):
        yield from picamera2.list_attached()
    yield from v4l2_devices.list_attached()


def recorded_path(source: str) -> tuple[str, str | None]:
    """Return what the SPEC of a recorded source names, "a file", "a folder" or "a file or a
    folder", and its path; the path is None if the source is no file."""
    kind, colon, rest = source.partition(":")
    if is_live(source) or source == "demo":
        return "a file", None
    if not colon or kind not in {"file", "images"}:
        return "a file or a folder", os.path.expanduser(source)
    path = os.path.expanduser(rest)
    if kind == "images" and not Path(path).is_dir():
        path = path.rpartition("@")[0] or path
    return "a folder" if kind == "images" else "a file", path


def _open_recorded(camera: CameraSettings, kind: str, rest: str) -> Camera:
    from edge.cameras.recorded import ImageFolderCamera, VideoCamera

    shown, path = camera.shown_source, Path(os.path.expanduser(camera.source))
    rest = os.path.expanduser(rest)
    if kind == "images":
        return ImageFolderCamera(shown, rest)
    if kind != "file" and camera.source and path.is_dir():
        return ImageFolderCamera(shown, str(path))
    _expect_utf8(camera)
    if kind == "file":
        return VideoCamera(shown, Path(rest))
    if path.is_file() or path.suffix:
        return VideoCamera(shown, path)
    raise CameraError(f"{shown}: expected a source: {KINDS}", shown)


def _expect_utf8(camera: CameraSettings) -> None:
    """Refuse what OpenCV would crash at."""
    try:
        camera.source.encode()
    except UnicodeEncodeError as error:
        printable = camera.shown_source.encode(errors="backslashreplace").decode()
        reason = "expected a source in UTF-8, got other bytes"
        raise CameraError(f"{printable}: {reason}", printable) from error
