"""Follows a face from frame to frame by its pixels alone."""

from __future__ import annotations

import cv2
import numpy as np

from edge.values import Box, Grey


class Template:
    """A face's pixels, found again in the next frames by normalised cross-correlation.

    That takes a tenth of the time of a look by a detector, but knows nothing of faces and keeps the
    box's size: it is for the few frames between two such looks.

    Args:
        grey: a frame.
        box: the face in it.
    """

    PX = 24  # width that the face is scaled to
    MARGIN_PX = 5  # how far around its last box it is looked for, on the same scale
    LEAST_SCORE = 0.9  # correlation below which it may be something else

    def __init__(self, grey: Grey, box: Box) -> None:
        self._size = (box.w, box.h)
        inner = slice(self.MARGIN_PX, self.MARGIN_PX + self.PX)
        area = self._scaled(grey, box)
        self._face = None if area is None else area[inner, inner]

    def match(self, grey: Grey, last: Box) -> Box | None:
        """Return where the face is, near its last box, or None where that is in doubt."""
        area = self._scaled(grey, last)
        if area is None or self._face is None:
            return None
        scores = cv2.matchTemplate(area, self._face, cv2.TM_CCOEFF_NORMED)
        _, score, _, (x, y) = cv2.minMaxLoc(scores)
        end = 2 * self.MARGIN_PX
        if score < self.LEAST_SCORE or not (0 < x < end and 0 < y < end):
            return None
        across = x + _peak(*scores[y, x - 1 : x + 2]) - self.MARGIN_PX
        down = y + _peak(*scores[y - 1 : y + 2, x]) - self.MARGIN_PX
        width, height = self._size
        return Box(
            round(last.x + across * width / self.PX),
            round(last.y + down * height / self.PX),
            width,
            height,
        )

    def _scaled(self, grey: Grey, box: Box) -> Grey | None:
        """Return the box and its margin on the template's scale; None across the frame's edge."""
        around_x, around_y = (round(side * self.MARGIN_PX / self.PX) for side in self._size)
        left, top = box.x - around_x, box.y - around_y
        right, bottom = box.x + self._size[0] + around_x, box.y + self._size[1] + around_y
        if left < 0 or top < 0 or right > grey.shape[1] or bottom > grey.shape[0]:
            return None
        side = self.PX + 2 * self.MARGIN_PX
        area = cv2.resize(grey[top:bottom, left:right], (side, side), interpolation=cv2.INTER_AREA)
        return np.asarray(area, np.uint8)


def _peak(before: float, best: float, after: float) -> float:
    """Return the offset of the top of the parabola through three neighbours."""
    curve = before - 2.0 * best + after
    return float(0.5 * (before - after) / curve) if curve < 0.0 else 0.0
