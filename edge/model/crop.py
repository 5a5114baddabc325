"""Makes the model's input from a face's box.

No other code of the project does: training, quantization and the device call this module, so that
the network gets the same pixels everywhere.
"""

from __future__ import annotations

import cv2
import numpy as np

from edge.values import Box, Grey


def crop(grey: Grey, box: Box, *, size: int, margin: float) -> Grey:
    """Cut a square around a face and scale it to the model's input.

    The square is centred on the box; its side is the box's longer side plus ``margin`` of it on
    each of the four sides. Beyond the picture's edge, edge pixels are repeated.

    Args:
        grey: uint8 luma, shape (height, width).
        box: the face, in pixels of ``grey``; must overlap it.
        size: side of the result in pixels.
        margin: share of the box added on each side, 0.0 to 1.0.

    Returns:
        uint8 luma, shape (size, size).

    Raises:
        ValueError: the box is wholly outside the picture.
    """
    height, width = grey.shape
    side = max(1, round(max(box.w, box.h) * (1.0 + 2.0 * margin)))
    left = round(box.x + (box.w - side) / 2)
    top = round(box.y + (box.h - side) / 2)
    inside = Box(left, top, side, side).cut(grey)
    if not inside.size:
        raise ValueError(f"expected a box that overlaps the picture, got {box} on {width}x{height}")
    beyond = (-top, top + side - height, -left, left + side - width)
    if max(beyond) > 0:
        top, bottom, left, right = (max(0, border) for border in beyond)
        inside = cv2.copyMakeBorder(inside, top, bottom, left, right, cv2.BORDER_REPLICATE)
    return scale(np.asarray(inside, np.uint8), size)


def scale(grey: Grey, size: int) -> Grey:
    """Scale a whole picture to (size, size), averaging if it shrinks; aspect is not kept."""
    method = cv2.INTER_AREA if max(grey.shape) > size else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (size, size), interpolation=method), np.uint8)
