"""Which region of a frame has changed since it was last searched for faces."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from edge.faces.pyramid import halve
from edge.values import Box, Grey

HALVINGS = 4
CELL_PX = 2**HALVINGS  # side of the square cells whose means are compared: noise averages out


def cell_means(grey: Grey) -> Grey:
    """Return the mean grey levels of a frame's cells, uint8 of shape (rows, columns) of cells."""
    for _ in range(HALVINGS):
        grey = halve(grey)
    return grey


class MotionMap:
    """The cells of a frame as they were last searched, to compare the next frames with.

    Each cell keeps its level from the frame in which that cell itself was last searched, so that
    slow changes add up.
    """

    MIN_CHANGE = 3  # grey levels by which a changed cell differs; noise makes about one level
    FULL_SEARCH_S = 0.5  # between searches of the whole frame, for missed faces that keep still
    # Changes this near a known face belong to it, in widths of the face: hair and neck move with
    # it. The cells that it hides are compared again when it has gone.
    FACE_MARGIN = 0.4

    def __init__(self) -> None:
        self._searched = np.empty((0, 0), np.uint8)
        self._full_search_at = -math.inf

    def take_region(self, cells: Grey, known: Sequence[Box], time: float) -> Box | None:
        """Return the region of a frame to search now, and mark its cells as searched.

        Args:
            cells: the frame's cell means.
            known: boxes of tracked faces, which need no search.
            time: the frame's, in seconds.

        Returns:
            A box around all changed cells, in pixels of the frame; None where nothing has changed.
        """
        resized = cells.shape != self._searched.shape
        if resized:
            self._searched = cells.copy()
        if resized or time - self._full_search_at >= self.FULL_SEARCH_S:
            self._full_search_at = time
            changed = np.ones(cells.shape, np.bool_)
        else:
            changed = np.asarray(cv2.absdiff(cells, self._searched) >= self.MIN_CHANGE)
        for box in known:
            self._cells_around(box).cut(changed)[:] = False
        np.copyto(self._searched, cells, where=changed)
        left, top, width, height = cv2.boundingRect(changed.astype(np.uint8))
        if not width:
            return None
        return Box(left * CELL_PX, top * CELL_PX, width * CELL_PX, height * CELL_PX)

    def _cells_around(self, face: Box) -> Box:
        """Return the cells that a face and its margin touch, as a box in cells."""
        margin = self.FACE_MARGIN * face.w
        left, top = (math.floor((start - margin) / CELL_PX) for start in (face.x, face.y))
        right = math.ceil((face.x + face.w + margin) / CELL_PX)
        bottom = math.ceil((face.y + face.h + margin) / CELL_PX)
        return Box(left, top, right - left, bottom - top)
