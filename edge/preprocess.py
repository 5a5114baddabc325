"""From picture file to grey pixels, and from face box to model input.

This is the only such code in the project: training, quantization and the device all call it, so
the network meets the same pixels everywhere.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

import edge.quiet  # noqa: F401
from edge.errors import ImageError
from edge.frames import Box, Grey

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm"})


def read_grey(path: Path) -> Grey:
    """Read an image file as grey, turned upright by its EXIF orientation.

    Returns:
        uint8 luma, shape (height, width).

    Raises:
        ImageError: the file is missing, unreadable, cut short or not an image.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path}: expected an image file, got: {error.strerror}", path) from error
    return decode_grey(data, path)


def decode_grey(data: bytes, path: str | Path) -> Grey:
    """Decode an encoded image (JPEG, PNG, ...) to grey; ``path`` only names it in errors.

    Raises:
        ImageError: the bytes are empty, cut short or not an image.
    """
    if _is_cut_short(data):
        raise ImageError(f"{path}: expected a whole image, got one cut short", path)
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error:
        pixels = None
    if pixels is None:
        raise ImageError(
            f"{path}: expected an image, got {len(data)} bytes of something else", path
        )
    return np.asarray(pixels, np.uint8)


def _is_cut_short(data: bytes) -> bool:
    """Tell whether a JPEG or PNG lacks its end; the decoders fill what is missing and go on."""
    if data.startswith(b"\x89PNG"):
        return b"IEND" not in data
    if not data.startswith(b"\xff\xd8"):
        return False
    # Segment by segment to the first scan: thumbnails with ends of their own lie before it.
    at = 2
    while data[at : at + 1] == b"\xff" and (marker := data[at + 1 : at + 2]) != b"\xda":
        # Any number of FF bytes may stand before a marker.
        at += 1 if marker == b"\xff" else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return b"\xff\xd9" not in data[at:]


def crop(grey: Grey, box: Box, *, size: int, margin: float) -> Grey:
    """Cut a square around a face and scale it to the model's input.

    The square is centred on the box; its side is the box's longer side plus ``margin`` of it on
    each of the four sides. Where it reaches over the picture's edge, edge pixels are repeated.

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
    inside = grey[max(0, top) : max(0, top + side), max(0, left) : max(0, left + side)]
    if not inside.size:
        raise ValueError(f"expected a box that overlaps the picture, got {box} on {width}x{height}")
    before_x, before_y = max(0, -left), max(0, -top)
    after_x, after_y = max(0, left + side - width), max(0, top + side - height)
    if before_x or before_y or after_x or after_y:
        bordered = cv2.copyMakeBorder(
            inside, before_y, after_y, before_x, after_x, cv2.BORDER_REPLICATE
        )
        inside = np.asarray(bordered, np.uint8)
    return scale(inside, size)


def scale(grey: Grey, size: int) -> Grey:
    """Scale a whole picture to (size, size), averaging when it shrinks; aspect is not kept."""
    shrinks = max(grey.shape) > size
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (size, size), interpolation=how), np.uint8)
