"""The interface of a face detector, which the tracker and ``smile-gate classify`` use.

Pictures are luma (grey), uint8, shape (height, width). Boxes are in pixels of the picture given,
with the origin top left; they may reach over the picture's edges.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol, TypeVar

from edge.values import Box, Face, Grey


class Detection(NamedTuple):
    """A face in one picture.

    Attributes:
        box: the face.
        confidence: 0.0 or more, larger is surer; comparable only within one detector.
    """

    box: Box
    confidence: float


AnyFace = TypeVar("AnyFace", Detection, Face)


def main_first(faces: Iterable[AnyFace]) -> list[AnyFace]:
    """Return faces by confidence times width, largest first: the first is the main face."""
    return sorted(faces, key=lambda face: face.confidence * face.box.w, reverse=True)


class Detector(Protocol):
    """Detects faces in live frames and in stills.

    A search of a live frame is divided into parts, which the tracker spreads over frames. It is
    coarse: ``confirm`` decides which of the boxes that it returns are faces.

    Attributes:
        parts: number of parts of a search, from 1.
    """

    parts: int

    def search(self, grey: Grey, part: int, region: Box, known: Sequence[Box]) -> list[Box]:
        """Return the boxes of possible new faces.

        Args:
            grey: the frame.
            part: of the search, 0 to ``parts`` - 1.
            region: faces that do not touch this box may be left out.
            known: boxes of tracked faces, which are left out.
        """

    def confirm(self, grey: Grey, box: Box) -> Detection | None:
        """Return the face in a box that ``search`` returned for the same frame; None without."""

    def redetect(self, grey: Grey, box: Box, margin: float, angle: float) -> Detection | None:
        """Return a tracked face near its last box; None without.

        Args:
            grey: the frame.
            box: the face in an earlier frame.
            margin: of the search window around the box, on each side, in widths of the box.
            angle: tilt of the head in degrees, anticlockwise.
        """

    def find_in_still(self, grey: Grey) -> list[Detection]:
        """Return the faces in a single picture, main face first; slower and more thorough than
        the search of a live frame."""
