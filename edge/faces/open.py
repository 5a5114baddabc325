"""Opens the face detector of the settings."""

from __future__ import annotations

import cv2

from edge.faces.detector import Detector
from edge.faces.haar import HaarDetector
from edge.faces.yunet import YunetDetector
from edge.settings import FaceSettings


def open_detector(settings: FaceSettings) -> Detector:
    """Return the detector that ``settings.detector`` names.

    Also sets OpenCV's number of threads to ``settings.threads``, for the whole process: OpenCV has
    one pool of threads, which decoding and scaling use too.

    Raises:
        ConfigError: the cascade or network file is missing or not of its kind.
        MissingPackageError: OpenCV came without cascade files.
    """
    cv2.setNumThreads(settings.threads)
    return YunetDetector(settings) if settings.detector == "yunet" else HaarDetector(settings)
