"""Makes frames from the arrays of OpenCV's captures, whatever their pixel format."""

from __future__ import annotations

from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.cameras.image_file import decode_grey
from edge.errors import FrameError, ImageError
from edge.values import Frame, Grey, Picture

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
            grey, main = _grey_of_jpeg(source, raw), partial(_bgr_of_jpeg, raw)
        elif raw.ndim in {2, 3} and channels == 1:
            grey = raw.reshape(raw.shape[:2])
        elif channels in TO_GREY:
            grey = np.asarray(cv2.cvtColor(raw, TO_GREY[channels]), np.uint8)
            main = partial(_bgr, raw)
    if grey is None or min(grey.shape) < LEAST_PX:
        raise FrameError(f"{source}: expected a picture, got {raw.dtype} {raw.shape}", source)
    return Frame(index, time, grey, main)


def _grey_of_jpeg(source: str, data: NDArray[Any]) -> Grey:
    try:
        return decode_grey(data.tobytes(), source)
    except ImageError as error:
        raise FrameError(str(error), source) from error


def _bgr_of_jpeg(data: NDArray[Any]) -> Picture:
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def _bgr(raw: NDArray[Any]) -> Picture:
    conversion = TO_BGR.get(raw.shape[2])
    return np.asarray(raw if conversion is None else cv2.cvtColor(raw, conversion), np.uint8)
