"""Opens the face finder that the settings ask for."""

from __future__ import annotations

import cv2

from edge.faces.detector import Detector
from edge.faces.haar import HaarDetector
from edge.faces.yunet import YunetDetector
from edge.settings import FaceSettings


def open_detector(settings: FaceSettings) -> Detector:
    """Return the face finder of ``settings.detector``, on ``settings.threads`` threads.

    OpenCV's number of threads is one for the whole process: this sets it.

    Raises:
        ConfigError: the cascade or network file is missing or not of its kind.
        MissingPackageError: OpenCV came without cascade files.
    """
    cv2.setNumThreads(settings.threads)
    return YunetDetector(settings) if settings.detector == "yunet" else HaarDetector(settings)
