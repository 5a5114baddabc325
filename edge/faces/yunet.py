"""Detects faces with the network YuNet, whose file the user fetches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import ConfigError
from edge.faces.detector import Detection, main_first
from edge.faces.pyramid import search_factor
from edge.settings import FaceSettings
from edge.values import Box, Grey


class YunetDetector:
    """YuNet (Wu, Peng and Yu, Machine Intelligence Research 2023), run by OpenCV's FaceDetectorYN.

    Confidence is the network's score, 0.0 to 1.0. Tilted heads are detected without turning the
    picture. Boxes are squares framed like the Haar cascade's, on which the smile network was
    trained.

    Args:
        settings: the network's file, its least score and the sizes to search for.

    Raises:
        ConfigError: the file is missing or not YuNet's, or OpenCV was built without FaceDetectorYN.
    """

    parts = 1
    MIN_CONFIDENCE = 0.7  # of a new face, unless the settings set another
    SIZE_TOLERANCE = 0.88  # smallest face accepted, as a share of the smallest wanted
    SEARCH_FACE_PX = 28  # width that the smallest face is scaled down to for a search
    STILL_SHARE = 0.1  # least width of a face in a still, of the picture's shorter side
    STILL_PX = 320  # longer stills are scaled down to this: the network knows no larger faces
    WINDOW_PX = 96  # side that the search window of one face is scaled to
    MIN_MARGIN = 0.5  # of a search window around a face's box, on each side, in its widths
    MIN_INPUT_PX = 64  # smaller inputs are padded: for 32 px, OpenCV 4.14 returns random faces
    LOW_SCORE = 0.5  # least score of a face to be confirmed, and of a tracked face
    SAME_IOU = 0.3  # boxes that overlap more are of the same face

    # From YuNet's box and landmarks to the cascade's square. Fitted to 374 pictures of GENKI-4K's
    # train side in which both detect one face.
    SQUARE_SIDE = 1.03  # by the square root of the box's area
    CENTRE_ABOVE = 0.085  # the landmarks' mean, in sides of the square

    def __init__(self, settings: FaceSettings) -> None:
        self._settings = settings
        confidence = settings.min_confidence
        self._min_score = self.MIN_CONFIDENCE if confidence is None else confidence
        # Two networks, as a change of the input's size takes part of an inference's time.
        self._frame_network = _open_network(settings)
        self._window_network = _open_network(settings)

    def search(self, grey: Grey, part: int, region: Box, known: Sequence[Box]) -> list[Box]:
        """Search the whole frame, scaled down: that takes less time than to set a new size."""
        del part, region
        shrink = search_factor(self._settings, grey.shape[1], self.SEARCH_FACE_PX)
        detections = self._detect(self._frame_network, grey, shrink, self.LOW_SCORE)
        return [
            box for box, _ in detections if all(box.iou(face) < self.SAME_IOU for face in known)
        ]

    def confirm(self, grey: Grey, box: Box) -> Detection | None:
        detection = self._detect_near(grey, box, self.MIN_MARGIN, self._min_score)
        min_px = self.SIZE_TOLERANCE * self._settings.min_face_px
        return detection if detection is not None and detection.box.w >= min_px else None

    def redetect(self, grey: Grey, box: Box, margin: float, angle: float) -> Detection | None:
        del angle
        return self._detect_near(grey, box, max(margin, self.MIN_MARGIN), self.LOW_SCORE)

    def find_in_still(self, grey: Grey) -> list[Detection]:
        shrink = max(1.0, max(grey.shape) / self.STILL_PX)
        detections = self._detect(self._frame_network, grey, shrink, self._min_score)
        min_px = self.STILL_SHARE * min(grey.shape)
        return main_first(face for face in detections if face.box.w >= min_px)

    def _detect_near(
        self, grey: Grey, box: Box, margin: float, min_score: float
    ) -> Detection | None:
        """Return the face in a search window around a box that overlaps the box most, if any."""
        side = round(box.w * (1.0 + 2.0 * margin))
        x, y = round(box.x + (box.w - side) / 2), round(box.y + (box.h - side) / 2)
        left, top = max(0, x), max(0, y)
        window = Box(x, y, side, side).cut(grey)
        if not window.size:
            return None
        in_window = box._replace(x=box.x - left, y=box.y - top)
        faces = self._detect(self._window_network, window, side / self.WINDOW_PX, min_score)
        nearest = max(faces, key=lambda face: face.box.iou(in_window), default=None)
        if nearest is None or nearest.box.iou(in_window) <= self.SAME_IOU:
            return None
        x, y, w, h = nearest.box
        return Detection(Box(left + x, top + y, w, h), nearest.confidence)

    def _detect(
        self, network: cv2.FaceDetectorYN, grey: Grey, shrink: float, min_score: float
    ) -> list[Detection]:
        """Run the network on a picture whose sides are divided by ``shrink``."""
        size = (max(1, round(grey.shape[1] / shrink)), max(1, round(grey.shape[0] / shrink)))
        small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
        pad_x, pad_y = (max(0, self.MIN_INPUT_PX - side) for side in size)
        padded = cv2.copyMakeBorder(small, 0, pad_y, 0, pad_x, cv2.BORDER_CONSTANT)
        network.setInputSize((padded.shape[1], padded.shape[0]))
        network.setScoreThreshold(min_score)
        rows = network.detect(cv2.cvtColor(padded, cv2.COLOR_GRAY2BGR))[1]
        return [] if rows is None else [_detection_of(row, shrink) for row in rows]


def _open_network(settings: FaceSettings) -> cv2.FaceDetectorYN:
    if not hasattr(cv2, "FaceDetectorYN"):
        raise ConfigError(
            f"expected an OpenCV with FaceDetectorYN for yunet, got {cv2.__version__} without",
            "faces.detector",
        )
    path = Path(settings.yunet_model or "")
    expected = f"expected YuNet's ONNX file, one for OpenCV {cv2.__version__}"
    if not path.is_file():
        raise ConfigError(f"{expected}, got no file {path}", "faces.yunet_model")
    try:
        network = cv2.FaceDetectorYN.create(str(path), "", (64, 64))
        network.detect(np.zeros((64, 64, 3), np.uint8))  # create() opens any network
    except cv2.error as error:
        raise ConfigError(f"{expected}, got {path}", "faces.yunet_model") from error
    return network


def _detection_of(row: NDArray[np.float32], shrink: float) -> Detection:
    """Return a face of the network in pixels of the picture before its sides were divided.

    OpenCV's row has 15 values: box x, y, w, h; x and y of the eyes, the nose tip and the corners of
    the mouth; score.
    """
    x, y = np.asarray(row[4:14]).reshape(5, 2).mean(axis=0)
    side = YunetDetector.SQUARE_SIDE * math.sqrt(float(row[2]) * float(row[3]))
    left, top = x - side / 2, y - side * (0.5 + YunetDetector.CENTRE_ABOVE)
    box = Box(*(round(float(value) * shrink) for value in (left, top, side, side)))
    return Detection(box, float(row[14]))
