"""The options ``--plot`` and ``--video``: what happens on a clip, as a chart and as a video."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Collection
from contextlib import ExitStack, closing
from pathlib import Path

import cv2

from edge.cameras.source import is_live
from edge.diagnose.plot import draw
from edge.diagnose.trace import Trace
from edge.diagnose.video import CODECS, AnnotatedVideo
from edge.errors import ConfigError, RecordingError
from edge.pipeline import Watch
from edge.settings import Settings, TriggerSettings
from edge.values import Picture


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options to a verb that processes a clip."""
    parser.add_argument(
        "--plot",
        type=_file_to_write([".png"]),
        metavar="FILE",
        help="of a clip: draw the scores over time, thresholds and firings as a PNG",
    )
    parser.add_argument(
        "--video",
        type=_file_to_write(CODECS),
        metavar="FILE",
        help="of a clip: write a video with faces and scores, .mp4 or .avi",
    )


def check(options: argparse.Namespace, settings: Settings) -> None:
    """Check that the options, where they are given, fit the source.

    Raises:
        ConfigError: the source is live, or the very file that is to be written.
    """
    source = settings.camera.shown_source
    for name, path in (("--plot", options.plot), ("--video", options.video)):
        if path is None:
            continue
        if is_live(settings.camera.source):
            raise ConfigError(f"expected a recorded source, got {source}", origin=name)
        clip = Path(settings.camera.source.removeprefix("file:"))
        if path.exists() and clip.exists() and path.samefile(clip):
            raise ConfigError(f"expected another file than the source, got {path}", origin=name)


def open_watchers(
    options: argparse.Namespace, settings: Settings, fps: float, stack: ExitStack
) -> list[Watch]:
    """Return what watches a clip for the options; the stack finishes the files.

    Args:
        options: of the command.
        settings: of the gate.
        fps: frames per second of the clip.
        stack: its ``close`` raises RecordingError if a file can't be written.
    """
    watchers: list[Watch] = []
    if options.plot:
        trace = Trace()
        stack.callback(_plot, options.plot, trace, settings.trigger)
        watchers.append(trace)
    return [*watchers, *open_video(options, settings, fps, stack)]


def open_video(
    options: argparse.Namespace, settings: Settings, fps: float, stack: ExitStack
) -> list[Watch]:
    """Return what records a clip as a video, if the options say so, as ``open_watchers`` does."""
    if not options.video:
        return []
    video = AnnotatedVideo(options.video, fps, settings.trigger.threshold_on)
    return [stack.enter_context(closing(video))]


def _plot(path: Path, trace: Trace, trigger: TriggerSettings) -> None:
    if trace:  # a signal may have come before the first frame
        write_plot(path, draw(trace, trigger))


def write_plot(path: Path, picture: Picture) -> None:
    """Write a picture as PNG.

    Raises:
        RecordingError: the file can't be written.
    """
    _, data = cv2.imencode(".png", picture)
    try:
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise RecordingError(f"expected a file to write to, got: {error.strerror}", path) from error


def _file_to_write(endings: Collection[str]) -> Callable[[str], Path]:
    def parse(text: str) -> Path:
        path = Path(text)
        if path.suffix.lower() not in endings:
            expected = " or ".join(endings)
            raise argparse.ArgumentTypeError(f"expected a name that ends in {expected}, got {text}")
        try:
            text.encode()
        except UnicodeEncodeError as error:  # OpenCV crashes at such a name
            shown = os.fsencode(text).decode(errors="backslashreplace")
            reason = f"expected a name in UTF-8, got {shown}"
            raise argparse.ArgumentTypeError(reason) from error
        folder = path.parent
        if not folder.is_dir() or not os.access(folder, os.W_OK):
            raise argparse.ArgumentTypeError(f"expected a folder to write to, got {folder}")
        return path

    return parse
