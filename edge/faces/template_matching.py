"""Follows a face from frame to frame by template matching."""

from __future__ import annotations

import cv2
import numpy as np

from edge.values import Box, Grey


class Template:
    """A face's pixels, located in the next frames by normalised cross-correlation.

    A match takes a tenth of a detector's time, but does not tell a face from other things and
    keeps the box's size: it is for the few frames between two detections.

    Args:
        grey: a frame.
        box: the face in it.
    """

    FACE_PX = 24  # width that the face is scaled to
    MARGIN_PX = 5  # search window around the last box, on each side, on the same scale
    MIN_CORRELATION = 0.9  # below, it may be something else

    def __init__(self, grey: Grey, box: Box) -> None:
        self._size = (box.w, box.h)
        face = slice(self.MARGIN_PX, self.MARGIN_PX + self.FACE_PX)
        window = self._scaled_window(grey, box)
        self._template = None if window is None else window[face, face]

    def match(self, grey: Grey, last: Box) -> Box | None:
        """Return the face's box near its last one; None if in doubt or at the window's edge."""
        window = self._scaled_window(grey, last)
        if window is None or self._template is None:
            return None
        correlations = cv2.matchTemplate(window, self._template, cv2.TM_CCOEFF_NORMED)
        _, best, _, (x, y) = cv2.minMaxLoc(correlations)
        end = 2 * self.MARGIN_PX
        if best < self.MIN_CORRELATION or not (0 < x < end and 0 < y < end):
            return None
        dx = x + _peak_offset(*correlations[y, x - 1 : x + 2]) - self.MARGIN_PX
        dy = y + _peak_offset(*correlations[y - 1 : y + 2, x]) - self.MARGIN_PX
        width, height = self._size
        left = round(last.x + dx * width / self.FACE_PX)
        top = round(last.y + dy * height / self.FACE_PX)
        return Box(left, top, width, height)

    def _scaled_window(self, grey: Grey, box: Box) -> Grey | None:
        """Return the search window on the template's scale; None across the frame's edge."""
        margin_x, margin_y = (round(side * self.MARGIN_PX / self.FACE_PX) for side in self._size)
        left, top = box.x - margin_x, box.y - margin_y
        right, bottom = box.x + self._size[0] + margin_x, box.y + self._size[1] + margin_y
        if left < 0 or top < 0 or right > grey.shape[1] or bottom > grey.shape[0]:
            return None
        side = self.FACE_PX + 2 * self.MARGIN_PX
        window = grey[top:bottom, left:right]
        return np.asarray(cv2.resize(window, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _peak_offset(before: float, peak: float, after: float) -> float:
    """Return the offset of the vertex of the parabola through a peak and its two neighbours."""
    curve = before - 2.0 * peak + after
    return float(0.5 * (before - after) / curve) if curve < 0.0 else 0.0
