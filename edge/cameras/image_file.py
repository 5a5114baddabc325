"""Reads image files and encoded images as grey pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from edge.errors import ImageError
from edge.values import Grey

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
    """Tell whether a JPEG or PNG lacks its end, which the decoders fill up without an error."""
    if data.startswith(b"\x89PNG"):
        return b"IEND" not in data
    if not data.startswith(b"\xff\xd8"):
        return False
    # Segment by segment to the first scan: a thumbnail before it has an end of its own.
    at = 2
    while data[at : at + 1] == b"\xff" and (marker := data[at + 1 : at + 2]) != b"\xda":
        # Any number of FF bytes may come before a marker.
        at += 1 if marker == b"\xff" else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return b"\xff\xd9" not in data[at:]


def list_images(folder: Path) -> list[Path]:
    """Return the image files directly in a folder, sorted by name."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
