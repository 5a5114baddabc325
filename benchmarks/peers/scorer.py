"""What each of the peers does."""

from __future__ import annotations

from abc import ABC, abstractmethod

import cv2

from benchmarks.measure.paths import Judge, whole_search
from edge.faces.haar import find_cascade
from edge.pipeline import Timings
from edge.values import Box, Frame, Grey


class Scorer(ABC):
    """Tells how much a face smiles.

    Attributes:
        version: of what is run.
        threshold: the score from which on a face smiles.

    Raises:
        MissingPackageError: what it needs is not installed.
    """

    version: str
    threshold: float

    @abstractmethod
    def score(self, grey: Grey, box: Box) -> float | None:
        """Score the face in a box of a picture; None if it sees no face there."""

    def path(self) -> Judge:
        """Return its path through frames: that of webcam demos, unless it has one of its own, who
        search the whole frame each time."""
        cascade = cv2.CascadeClassifier(str(find_cascade("haarcascade_frontalface_default.xml")))

        def judge(frame: Frame, timings: Timings) -> list[Box]:
            with timings.stage("faces"):
                boxes = whole_search(cascade, frame)
            with timings.stage("classifier"):
                for box in boxes:
                    self.score(frame.grey, box)
            return boxes

        return judge

    def close(self) -> None:  # noqa: B027  (most have nothing to let go of)
        """Let go of what it has open."""
