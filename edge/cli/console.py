"""What every command line of the project has: one-line errors, and libraries that stay silent."""

from __future__ import annotations

import argparse
import os
import sys
from typing import NoReturn

import cv2


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one line instead of with the usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def silence_libraries() -> None:
    """Keep OpenCV, FFmpeg and libcamera from printing lines of their own beside ours.

    What goes wrong in them comes back as an exception or a return value anyway.
    """
    # Read once, when OpenCV first loads FFmpeg; -8 is FFmpeg's "quiet".
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:FATAL")
    if hasattr(cv2, "setLogLevel"):  # Debian's OpenCV has it there, PyPI's does not
        cv2.setLogLevel(0)
    else:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def drop_stdout() -> None:
    """Send the rest of standard output nowhere, its reader having gone, so that Python has
    nothing to complain about when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
