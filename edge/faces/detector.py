"""What every face detector is to the tracker and to ``classify``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from edge.values import Box, Grey


class Detection(NamedTuple):
    """A box that looks like a face, and the detector's own measure of how surely."""

    box: Box
    confidence: float


def main_first(found: Sequence[Detection]) -> list[Detection]:
    """Return faces in the order of confidence times width: a large face or a sure one leads."""
    return sorted(found, key=lambda one: one.confidence * one.box.w, reverse=True)


class Detector(Protocol):
    """Finds faces, in live frames and in stills.

    Attributes:
        parts: into how many parts a search of a frame is divided.
    """

    parts: int

    def search(self, grey: Grey, part: int, changed: Box, known: Sequence[Box]) -> list[Box]:
        """Return what looks like a new face.

        Args:
            grey: the frame.
            part: of the search, 0 to ``parts`` - 1.
            changed: what does not touch this need not be searched.
            known: the boxes of known faces, not to be searched.
        """

    def confirm(self, grey: Grey, box: Box) -> Detection | None:
        """Look closely at what looked like a face; return it if it is one."""

    def refind(self, grey: Grey, box: Box, margin: float, angle: float) -> Detection | None:
        """Return a known face near its last box.

        Args:
            grey: the frame.
            box: where the face was.
            margin: how far around the box to look, in its widths.
            angle: by how much the head is tilted, in degrees, anticlockwise.
        """

    def find_in_still(self, grey: Grey) -> list[Detection]:
        """Find the faces in a single picture, with more effort than a live frame gets; main face
        first."""
