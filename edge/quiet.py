"""Keeps libraries, and Python at its end, from printing lines of their own beside our one.

What goes wrong in them comes back as an exception or a return value anyway.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import cv2

# Read once, when OpenCV first loads FFmpeg; -8 is FFmpeg's "quiet".
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:FATAL")
if hasattr(cv2, "setLogLevel"):  # Debian's OpenCV has it there, PyPI's does not
    cv2.setLogLevel(0)
else:
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Drop what is written to standard error, by any thread: for the short time of a start."""
    if sys.stderr is None:  # closed by who started us
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    _send_nowhere(2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def drop_stdout() -> None:
    """Send the rest of standard output nowhere, its reader having gone, so that Python has
    nothing to complain about when it ends."""
    _send_nowhere(sys.stdout.fileno())


def _send_nowhere(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
