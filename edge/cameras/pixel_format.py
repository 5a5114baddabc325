"""Makes frames from the arrays of OpenCV's captures, whatever their pixel format."""

from __future__ import annotations

from functools import partial
from typing import Any

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from edge.errors import FrameError
from edge.values import Frame, Grey, Picture

Bytes = NDArray[np.uint8]

LEAST_PX = 16
"""A picture that is narrower or lower than this is refused."""

# By the number of channels.
TO_GREY = {2: cv2.COLOR_YUV2GRAY_YUY2, 3: cv2.COLOR_BGR2GRAY, 4: cv2.COLOR_BGRA2GRAY}
TO_BGR = {2: cv2.COLOR_YUV2BGR_YUY2, 4: cv2.COLOR_BGRA2BGR}


def to_frame(source: str, index: int, time: float, raw: NDArray[Any]) -> Frame:
    """Make a frame; its colours are converted when ``picture`` is asked for.

    Args:
        source: of the array, for the error.
        index: of the frame.
        time: of the frame, in seconds.
        raw: uint8: grey of shape (height, width) or (height, width, 1), YUYV (height, width, 2),
            BGR (height, width, 3), BGRA (height, width, 4), or a JPEG's bytes (1, length). The
            frame shares its memory where it is grey or BGR.

    Raises:
        FrameError: the array has another format, or the picture is smaller than 16 px.
    """
    grey: Grey | None = None
    main = None
    channels = raw.shape[2] if raw.ndim == 3 else 1
    if raw.dtype == np.uint8 and raw.size:
        if raw.ndim == 2 and raw.shape[0] == 1:
            grey, main = _grey_of_jpeg(source, raw[0]), partial(_decode_jpeg, raw[0], "BGR")
        elif raw.ndim in {2, 3} and channels == 1:
            grey = raw.reshape(raw.shape[:2])
        elif channels in TO_GREY:
            grey = np.asarray(cv2.cvtColor(raw, TO_GREY[channels]), np.uint8)
            main = partial(_bgr, raw)
    if grey is None or min(grey.shape) < LEAST_PX:
        raise FrameError(f"{source}: expected a picture, got {raw.dtype} {raw.shape}", source)
    return Frame(index, time, grey, main)


def _grey_of_jpeg(source: str, data: Bytes) -> Grey:
    start, end = b"\xff\xd8", b"\xff\xd9"
    if data[:2].tobytes() == start and end not in data.tobytes():
        raise FrameError(f"{source}: expected a whole image, got one cut short", source)
    try:
        return np.asarray(_decode_jpeg(data, "Gray")[..., 0], np.uint8)
    except ValueError as error:
        raise FrameError(
            f"{source}: expected an image, got {data.size} bytes of something else", source
        ) from error


def _decode_jpeg(data: Bytes, colours: str) -> Picture:
    """Decode a webcam's JPEG. Many contain bytes too many, which do no harm, and about which
    OpenCV's decoder would print a line a frame."""
    return np.asarray(simplejpeg.decode_jpeg(data, colours, strict=False), np.uint8)


def _bgr(raw: NDArray[Any]) -> Picture:
    conversion = TO_BGR.get(raw.shape[2])
    return np.asarray(raw if conversion is None else cv2.cvtColor(raw, conversion), np.uint8)
