"""Accuracy of a face detector: faces detected, and false detections.

The true faces of GENKI-4K's test split are in ``train/splits/genki4k-test-faces.txt``, a line each:
name of the picture, left edge, top edge and side of a square around the face, in pixels; the
largest face of a picture first. On 817 faces two networks, CenterFace and libfacedetection, agree;
20 faces that only one network detected come last among those of their picture.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.cameras.image_file import decode_grey
from edge.faces.detector import Detection
from edge.values import Box, Grey
from train.datasets import DataError, Picture

TRUE_FACES = Path(__file__).parent / "splits" / "genki4k-test-faces.txt"
MATCH_IOU = 0.3  # a box that overlaps a true face by more is a detection of it


@dataclass(frozen=True, slots=True)
class DetectionAccuracy:
    """Counts of pictures that each show a face.

    Attributes:
        pictures: all pictures.
        detected: pictures in which the largest face was detected.
        false: pictures with a false detection, whether or not the face was detected too.
        larger_false: pictures with a false detection that is larger than the largest face.
    """

    pictures: int
    detected: int
    false: int
    larger_false: int

    def line(self) -> str:
        """Return the counts in words, in percent."""
        detected, false, larger = (
            f"{100.0 * count / self.pictures:.2f} %"
            for count in (self.detected, self.false, self.larger_false)
        )
        return (
            f"{self.pictures} pictures: the face found in {detected}, a false face in {false}, "
            f"one larger than the face in {larger}"
        )


def read_true_faces() -> dict[str, list[Box]]:
    """Return the true faces by the picture's name, largest first."""
    faces: dict[str, list[Box]] = defaultdict(list)
    for line in TRUE_FACES.read_text().splitlines():
        name, *numbers = line.split()
        x, y, side = (int(number) for number in numbers)
        faces[name].append(Box(x, y, side, side))
    return dict(faces)


def evaluate_detector(
    detect: Callable[[Grey], Sequence[Detection]],
    pictures: Sequence[Picture],
    true_faces: Mapping[str, Sequence[Box]],
) -> DetectionAccuracy:
    """Compare detections with the true faces, in the pictures whose true faces are known.

    Raises:
        DataError: no picture's true faces are known.
    """
    known = [picture for picture in pictures if picture.name in true_faces]
    if not known:
        raise DataError("expected pictures whose true faces are known, got none")
    detected = false = larger_false = 0
    for picture in known:
        faces = true_faces[picture.name]
        grey = decode_grey(picture.data, picture.name)
        boxes = [detection.box for detection in detect(grey)]
        unmatched = [box for box in boxes if all(box.iou(face) <= MATCH_IOU for face in faces)]
        detected += any(box.iou(faces[0]) > MATCH_IOU for box in boxes)
        false += bool(unmatched)
        larger_false += any(box.w > faces[0].w for box in unmatched)
    return DetectionAccuracy(len(known), detected, false, larger_false)
