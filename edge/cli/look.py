"""``smile-gate look``: helps to aim and focus the camera."""

from __future__ import annotations

import argparse
import math
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event

import cv2

from edge.atomic_file import written
from edge.cameras.camera import Camera
from edge.cameras.capture import open_captured
from edge.cameras.source import KINDS, is_live
from edge.cli.console import Verbs, add_socket_option, number
from edge.diagnose.checks.service import UNIT, check_service
from edge.diagnose.look import FACE_M, Sight, Viewer
from edge.errors import CameraError, ImageError
from edge.service.signals import Stopper
from edge.settings import Settings
from edge.settings.load import load_configuration, with_source
from edge.values import Frame

SUFFIXES = (".jpg", ".jpeg", ".png")
SETTLE_S = 2.0  # for a camera's exposure
TERMINAL_S, LINES_S = 0.1, 1.0  # between two lines on a terminal, and in a file or pipe


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its arguments."""
    parser = verbs.add("look", look)
    parser.add_argument("--source", metavar="SPEC", help=f"instead of camera.source: {KINDS}")
    parser.add_argument(
        "--out",
        type=_picture_path,
        metavar="FILE",
        help="save one picture with boxes and scores (.jpg or .png), then end",
    )
    parser.add_argument(
        "--seconds",
        type=number(0.0, 86400.0),
        metavar="S",
        help=f"with --out: take the frame this long after the first (default {SETTLE_S:g}); else "
        "end after this time (default: at Ctrl-C, or at the end of a clip)",
    )
    parser.add_argument(
        "--field-of-view",
        type=number(5.0, 170.0),
        metavar="DEGREES",
        help="horizontal angle that the frame shows; with it distances are in metres, for faces "
        f"{FACE_M:g} m wide, which is assumed of all",
    )
    add_socket_option(parser)


def _picture_path(text: str) -> Path:
    if Path(text).suffix.lower() not in SUFFIXES:
        raise argparse.ArgumentTypeError(f"expected {', '.join(SUFFIXES)} at the end, got {text!r}")
    return Path(text)


def look(options: argparse.Namespace) -> int:
    """Show what the camera sees of faces: scores, distance, sharpness; no output fires."""
    configuration = load_configuration(options.config)
    settings = with_source(configuration.settings, options.source)
    viewer = Viewer(settings, options.field_of_view)
    with Stopper() as stopper, _opened(settings, stopper.stop, options.socket) as camera:
        if options.out is None:
            return _follow(camera, viewer, stopper.stop, options.seconds)
        settle_s = SETTLE_S if options.seconds is None else options.seconds
        return _save(camera, viewer, stopper.stop, settle_s, options.out)


@contextmanager
def _opened(settings: Settings, stop: Event, socket: Path) -> Iterator[Camera]:
    """Open the source, and say so where the running gate holds it."""
    try:
        with closing(open_captured(settings, stop=stop)) as camera:
            yield camera
    except CameraError as error:
        if not is_live(settings.camera.source) or not check_service(socket)[0].runs:
            raise
        raise CameraError(
            f"{error}; the service runs and holds its camera: first sudo systemctl stop {UNIT}",
            error.source,
        ) from error


def _follow(camera: Camera, viewer: Viewer, stop: Event, seconds: float | None) -> int:
    """Print a line about the newest frame, on a terminal again and again in its place. A recorded
    source plays at its own pace there."""
    terminal = sys.stdout.isatty()
    every_s = TERMINAL_S if terminal else LINES_S
    started = began = shown = -math.inf
    try:
        while not stop.is_set() and (frame := camera.read()) is not None:
            with frame:
                if began == -math.inf:
                    started, began = time.monotonic(), frame.time
                    _show_size(frame, viewer)
                if seconds is not None and frame.time - began > seconds:
                    break
                if terminal and not camera.live:
                    stop.wait(max(0.0, started + frame.time - began - time.monotonic()))
                sight = viewer.see(frame)
            if frame.time - shown >= every_s:
                shown = frame.time
                _show(viewer.line(sight), terminal)
    finally:
        if terminal and shown != -math.inf:  # an error gets a line of its own
            print(flush=True)
    return 0


def _show_size(frame: Frame, viewer: Viewer) -> None:
    height, width = frame.grey.shape
    smallest = viewer.smallest_px(width)
    print(f"{width}x{height}, the smallest face is {smallest} px wide", flush=True)


def _show(line: str, terminal: bool) -> None:
    if not terminal:
        print(line, flush=True)
        return
    columns = shutil.get_terminal_size().columns
    print(f"\r{line[: columns - 1]}\x1b[K", end="", flush=True)  # and clear the rest of the line


def _save(camera: Camera, viewer: Viewer, stop: Event, settle_s: float, path: Path) -> int:
    """Save a picture of the frame ``settle_s`` after the first, or of the source's last."""
    seen: tuple[Frame, Sight] | None = None
    ends = math.inf
    while (seen is None or seen[0].time < ends) and (frame := camera.read()) is not None:
        if seen is None:
            ends = frame.time + settle_s
        else:
            seen[0].release()
        seen = frame, viewer.see(frame)
        if stop.is_set():
            break
    if seen is None or stop.is_set():
        return 130
    frame, sight = seen
    with frame:
        picture = viewer.draw(frame.picture, sight)
    _, data = cv2.imencode(path.suffix, picture)
    try:
        with written(data.tobytes(), path.parent, ".look-") as half:
            half.chmod(0o644)  # with sudo, too, the picture is for the user
            half.rename(path)
    except OSError as error:
        expected = f"expected a file to write to, got: {error.strerror}"
        raise ImageError(f"{path}: {expected}", path) from error
    print(f"{path}: {viewer.line(sight)}")
    return 0
