"""The two portraits of the demo, shown in frames of 640x480 pixels."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from edge.cameras.demo import Portrait
from edge.faces.detector import Detection, Detector
from edge.values import Box, Grey

WHOLE = Box(0, 0, 640, 480)
MIDDLE = (320.0, 240.0)


def square(px: float, centre: tuple[float, float] = MIDDLE) -> Box:
    """The box of a face ``px`` wide."""
    x, y = centre
    return Box(round(x - px / 2), round(y - px / 2), round(px), round(px))


def face_of(portrait: Portrait) -> Box:
    """The box of the face in the portrait's own picture."""
    return square(portrait.face_px, portrait.centre)


def show(
    portrait: Portrait,
    px: float,
    centre: tuple[float, float] = MIDDLE,
    angle: float = 0.0,
    size: Sequence[int] = (WHOLE.w, WHOLE.h),
) -> Grey:
    """A frame with a portrait's face ``px`` wide, tilted by ``angle`` degrees anticlockwise."""
    turn = cv2.getRotationMatrix2D(portrait.centre, angle, px / portrait.face_px)
    to_frame = np.asarray(turn, np.float64)
    to_frame[:, 2] += np.array(centre) - portrait.centre
    view = cv2.warpAffine(portrait.read(), to_frame, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(view, np.uint8)


def tilt(portrait: Portrait, angle: float) -> Grey:
    """The portrait's own picture, tilted about the face by ``angle`` degrees anticlockwise."""
    size = portrait.read().shape[::-1]
    return show(portrait, portrait.face_px, portrait.centre, angle, size)


def detect(detector: Detector, grey: Grey) -> list[Detection]:
    """Search all parts of a frame, and confirm the boxes."""
    region = Box(0, 0, grey.shape[1], grey.shape[0])
    boxes = [
        box for part in range(detector.parts) for box in detector.search(grey, part, region, [])
    ]
    confirmed = [detector.confirm(grey, box) for box in boxes]
    return [detection for detection in confirmed if detection is not None]
