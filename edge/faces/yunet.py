"""Find faces with the network YuNet, whose file the user fetches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import ConfigError
from edge.faces.detector import Detection, main_first
from edge.settings import FaceSettings
from edge.values import Box, Grey

Row = NDArray[np.float32]
"""A face as OpenCV gives it: box x, y, w, h; x and y of the eyes, the nose tip and the corners of
the mouth; score."""


class YunetDetector:
    """YuNet (Wu, Peng and Yu, Machine Intelligence Research 2023), run by OpenCV's FaceDetectorYN.

    Confidence is the network's score, 0.0 to 1.0. Tilted heads are found as they are. Boxes are
    squares framed like the Haar cascade's, as the smile network has learned from those.

    Args:
        settings: the network's file, its least score and the sizes to search for.

    Raises:
        ConfigError: the file is missing or not YuNet's, or OpenCV was built without FaceDetectorYN.
    """

    parts = 1
    MIN_CONFIDENCE = 0.7  # of a new face, unless the settings say
    TOLERANCE = 0.88  # of the smallest wanted face, a little smaller ones are believed
    LEAST_PX = 28  # width that the smallest face is scaled down to for a search
    STILL_SHARE = 0.1  # least width of a face in a still, of the picture's shorter side
    STILL_PX = 320  # longer stills are scaled down to this: the network knows no larger faces
    LOOK_PX = 96  # side of the square scaled to for a look at one face
    LOOK_MARGIN = 0.5  # least room around a face in that look, in its widths
    INPUT_PX = 64  # smaller inputs are padded: of one cell, 32 px, OpenCV 4.14 makes garbage
    LOW_SCORE = 0.5  # enough for a closer look, and where a face is known to be
    SAME_IOU = 0.3

    # From YuNet's box and landmarks to the cascade's square. Fitted to 374 pictures of GENKI-4K's
    # train side with one face found by both.
    WIDTH = 1.03  # of the square, by the square root of the box's area
    ABOVE = 0.085  # of its centre over the landmarks' mean, in its widths

    def __init__(self, settings: FaceSettings) -> None:
        self._settings = settings
        confidence = settings.min_confidence
        self._score = self.MIN_CONFIDENCE if confidence is None else confidence
        # Two, as a change of the input's size costs a part of a look.
        self._wide = _open(settings)
        self._near = _open(settings)

    def search(self, grey: Grey, part: int, changed: Box, known: Sequence[Box]) -> list[Box]:
        """Search the whole frame, scaled down: that takes less than to set a new size."""
        del part, changed
        settings = self._settings
        shrink = max(
            1.0,
            settings.min_face_px / self.LEAST_PX,
            grey.shape[1] / settings.search_width,
        )
        boxes = [one.box for one in self._detect(self._wide, grey, shrink, self.LOW_SCORE)]
        return [box for box in boxes if all(box.iou(one) < self.SAME_IOU for one in known)]

    def confirm(self, grey: Grey, box: Box) -> Detection | None:
        found = self._look(grey, box, self.LOOK_MARGIN, self._score)
        least = self.TOLERANCE * self._settings.min_face_px
        return found if found is not None and found.box.w >= least else None

    def refind(self, grey: Grey, box: Box, margin: float, angle: float) -> Detection | None:
        del angle
        return self._look(grey, box, max(margin, self.LOOK_MARGIN), self.LOW_SCORE)

    def find_in_still(self, grey: Grey) -> list[Detection]:
        shrink = max(1.0, max(grey.shape) / self.STILL_PX)
        found = self._detect(self._wide, grey, shrink, self._score)
        least = self.STILL_SHARE * min(grey.shape)
        return main_first([one for one in found if one.box.w >= least])

    def _look(self, grey: Grey, box: Box, margin: float, score: float) -> Detection | None:
        """Look for the face that overlaps a box most, if one does."""
        side = round(box.w * (1.0 + 2.0 * margin))
        x, y = round(box.x + (box.w - side) / 2), round(box.y + (box.h - side) / 2)
        left, top = max(0, x), max(0, y)
        crop = Box(x, y, side, side).cut(grey)
        if not crop.size:
            return None
        found = self._detect(self._near, crop, side / self.LOOK_PX, score)
        there = [
            Detection(one.box._replace(x=one.box.x + left, y=one.box.y + top), one.confidence)
            for one in found
        ]
        nearest = max(there, key=lambda one: one.box.iou(box), default=None)
        return nearest if nearest is not None and nearest.box.iou(box) > self.SAME_IOU else None

    def _detect(
        self, network: cv2.FaceDetectorYN, grey: Grey, shrink: float, score: float
    ) -> list[Detection]:
        """Run the network on the picture made smaller by ``shrink``."""
        size = (max(1, round(grey.shape[1] / shrink)), max(1, round(grey.shape[0] / shrink)))
        small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
        across, down = (max(0, self.INPUT_PX - side) for side in size)
        padded = cv2.copyMakeBorder(small, 0, down, 0, across, cv2.BORDER_CONSTANT)
        network.setInputSize((padded.shape[1], padded.shape[0]))
        network.setScoreThreshold(score)
        rows = network.detect(cv2.cvtColor(padded, cv2.COLOR_GRAY2BGR))[1]
        return [] if rows is None else [_square(row, shrink) for row in rows]


def _open(settings: FaceSettings) -> cv2.FaceDetectorYN:
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
        network.detect(np.zeros((64, 64, 3), np.uint8))  # any network can be opened
    except cv2.error as error:
        raise ConfigError(f"{expected}, got {path}", "faces.yunet_model") from error
    return network


def _square(row: Row, shrink: float) -> Detection:
    x, y = np.asarray(row[4:14]).reshape(5, 2).mean(axis=0)
    side = YunetDetector.WIDTH * math.sqrt(float(row[2]) * float(row[3]))
    left, top = x - side / 2, y - side * (0.5 + YunetDetector.ABOVE)
    box = Box(*(round(float(value) * shrink) for value in (left, top, side, side)))
    return Detection(box, float(row[14]))
