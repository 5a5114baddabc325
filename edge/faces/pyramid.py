"""Pictures made smaller by halves, which is many times faster than averaging in one step."""

from __future__ import annotations

import cv2
import numpy as np

from edge.values import Grey


def halved(grey: Grey) -> Grey:
    """Return a picture at half its size; a side of one pixel stays."""
    height, width = (max(1, side // 2) for side in grey.shape)
    even = grey[: 2 * height, : 2 * width]  # the fast way is for these only
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def shrunk(grey: Grey, by: float) -> Grey:
    """Return a picture divided in size by a number from 1, always a copy."""
    height, width = (max(1, round(side / by)) for side in grey.shape)
    while by >= 2.0:
        grey = halved(grey)
        by /= 2.0
    return np.asarray(cv2.resize(grey, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
