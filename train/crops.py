"""Labelled pictures to model inputs, through the code that the device runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from edge.cameras.image_file import decode_grey
from edge.faces.haar import HaarDetector
from edge.model.crop import crop, scale
from edge.settings import FaceSettings
from edge.values import Box, Grey
from train.datasets import Picture


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """The model's view of a picture: uint8 luma (side, side); None when no face was detected."""

    picture: Picture
    pixels: Grey | None


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """The main face's box, in pixels of the picture; None when no face was detected."""

    picture: Picture
    box: Box | None


def locate(pictures: Iterable[Picture]) -> list[Located]:
    """Detect the main face of each picture with the device's detector; of a picture that is a face
    crop already, the box is the whole picture."""
    detector = HaarDetector(FaceSettings())
    return [
        Located(picture, _main_face(detector, picture, decode_grey(picture.data, picture.name)))
        for picture in pictures
    ]


def _main_face(detector: HaarDetector, picture: Picture, grey: Grey) -> Box | None:
    if picture.is_crop:
        return Box(0, 0, grey.shape[1], grey.shape[0])
    detections = detector.find_in_still(grey)
    return detections[0].box if detections else None


def cut(
    pictures: Iterable[Picture], *, size: int, margin: float, context: float = 1.0
) -> list[Crop]:
    """Crop the main face of each picture; a picture that is a face crop already is only scaled.

    Args:
        pictures: labelled pictures.
        size: side of the model's input in pixels.
        margin: share of the face box added on each side.
        context: side of the result in sides of the model's view, at the model's scale. 1.0 gives
            exactly what the device computes.
    """
    detector = HaarDetector(FaceSettings())
    side = round(size * context)

    def pixels_of(picture: Picture) -> Grey | None:
        grey = decode_grey(picture.data, picture.name)
        if picture.is_crop and context == 1.0:
            return scale(grey, size)
        box = _main_face(detector, picture, grey)
        if box is None:
            return None
        view = 1 + 2 * (0.0 if picture.is_crop else margin)
        return crop(grey, box, size=side, margin=(view * context - 1) / 2)

    return [Crop(picture, pixels_of(picture)) for picture in pictures]


def as_input(crops: Iterable[Grey]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Stack crops as the float network's input: float32 (n, size, size, 1), luma 0.0-1.0."""
    return np.stack(list(crops))[..., None].astype(np.float32) / np.float32(255)
