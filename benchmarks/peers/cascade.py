"""OpenCV's smile cascade."""

from __future__ import annotations

import cv2

from benchmarks.peers.scorer import Scorer
from edge.faces.haar import find_cascade
from edge.model.crop import crop
from edge.values import Box, Grey


class SmileCascade(Scorer):
    """Counts the windows that look like a smile in the lower half of the face, as OpenCV's sample
    smiledetect.cpp does, by its parameters: sizes in steps of 1.1 from 30 px, ungrouped.

    The count grows with the face, so all faces are scaled to the same size. This size, ungrouped
    windows and steps of 1.1 are right more often on GENKI-4K's train and validation parts than
    other sizes, grouped windows and steps of 1.7.
    """

    FACE_PX = 128

    version = f"OpenCV {cv2.__version__}"
    threshold = 36.0

    def __init__(self) -> None:
        self._cascade = cv2.CascadeClassifier(str(find_cascade("haarcascade_smile.xml")))

    def score(self, grey: Grey, box: Box) -> float:
        """Return the number of windows."""
        face = crop(grey, box, size=self.FACE_PX, margin=0.0)
        lower = face[self.FACE_PX // 2 :]
        return len(self._cascade.detectMultiScale(lower, 1.1, 0, minSize=(30, 30)))
