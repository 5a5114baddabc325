"""Open OpenCV's video capture without the lines its libraries print of their own."""

from __future__ import annotations

import os

import cv2

# Read once, when OpenCV first loads FFmpeg. -8 is quiet: what goes wrong is said in our one line.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


def open_capture(what: str | int, api: int) -> cv2.VideoCapture:
    """Return a capture of a file or device, opened or not."""
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        return cv2.VideoCapture(what, api)
    finally:
        cv2.utils.logging.setLogLevel(level)
