"""Where frames have changed since they were last searched."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from edge.faces.pyramid import halved
from edge.values import Box, Grey

HALVINGS = 4
CELL_PX = 2**HALVINGS
"""Frames are compared by the means of squares this wide: noise averages out in them."""


def cell_means(grey: Grey) -> Grey:
    """Return the means of a frame's cells, a cell a pixel."""
    for _ in range(HALVINGS):
        grey = halved(grey)
    return grey


class Changes:
    """Remembers a frame as it was searched, to tell where the next ones differ.

    Each cell is compared with what it was when it was last searched itself, so that slow changes
    add up.
    """

    LEAST = 3
    """Grey levels by which a cell has changed; noise makes about one."""
    WHOLE_S = 0.5
    """The whole frame is searched this often, for faces that were missed and then kept still."""
    MARGIN = 0.4
    """How far around a known face changes are its own, in its widths: hair and neck move with it.
    What it hides is compared again when it has gone."""

    def __init__(self) -> None:
        self._searched = np.empty((0, 0), np.uint8)
        self._whole_at = -math.inf

    def due(self, cells: Grey, known: Sequence[Box], time: float) -> Box | None:
        """Return the part of a frame that is to be searched now, and take it for searched.

        Args:
            cells: the frame's cell means.
            known: the faces that need no search.
            time: the frame's, in seconds.
        """
        resized = cells.shape != self._searched.shape
        if resized:
            self._searched = cells.copy()
        if resized or time - self._whole_at >= self.WHOLE_S:
            self._whole_at = time
            due = np.ones(cells.shape, np.bool_)
        else:
            due = np.asarray(cv2.absdiff(cells, self._searched) >= self.LEAST)
        for box in known:
            self._cells_around(box).cut(due)[:] = False
        np.copyto(self._searched, cells, where=due)
        left, top, width, height = cv2.boundingRect(due.astype(np.uint8))
        if not width:
            return None
        return Box(left * CELL_PX, top * CELL_PX, width * CELL_PX, height * CELL_PX)

    def _cells_around(self, box: Box) -> Box:
        """Return the cells that a face and its margin touch."""
        around = self.MARGIN * box.w
        left, top = (math.floor((start - around) / CELL_PX) for start in (box.x, box.y))
        right = math.ceil((box.x + box.w + around) / CELL_PX)
        bottom = math.ceil((box.y + box.h + around) / CELL_PX)
        return Box(left, top, right - left, bottom - top)
