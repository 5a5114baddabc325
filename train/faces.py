"""How often the face finder finds the face of a picture, and how often what is none.

The true faces of GENKI-4K's test side are in ``train/splits/genki4k-test-faces.txt``, a line each:
name of the picture, left edge, top edge and side of a square around the face, in pixels; the
largest face of a picture first. 817 of them are where two networks, CenterFace and
libfacedetection, agree on a face; 20, where only one of them sees one, come last in theirs.
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
SAME_IOU = 0.3  # a box that overlaps a true face more has found it


@dataclass(frozen=True, slots=True)
class FaceFigures:
    """What the face finder did with pictures that each show a face.

    Attributes:
        pictures: how many.
        found: in how many the largest face was found.
        false: in how many something else was found too, or instead.
        larger_false: in how many that was larger than the largest face.
    """

    pictures: int
    found: int
    false: int
    larger_false: int

    def line(self) -> str:
        """Return the figures in words."""
        found, false, larger = (
            f"{100.0 * count / self.pictures:.2f} %"
            for count in (self.found, self.false, self.larger_false)
        )
        return (
            f"{self.pictures} pictures: the face found in {found}, a false face in {false}, "
            f"one larger than the face in {larger}"
        )


def read_true_faces(path: Path = TRUE_FACES) -> dict[str, list[Box]]:
    """Return the true faces by the picture's name, largest first."""
    faces: dict[str, list[Box]] = defaultdict(list)
    for line in path.read_text().splitlines():
        name, *numbers = line.split()
        x, y, side = (int(number) for number in numbers)
        faces[name].append(Box(x, y, side, side))
    return dict(faces)


def judge(
    find: Callable[[Grey], Sequence[Detection]],
    pictures: Sequence[Picture],
    true_faces: Mapping[str, Sequence[Box]],
) -> FaceFigures:
    """Compare what is found in those pictures whose true faces are known with these.

    Raises:
        DataError: there are no such pictures.
    """
    known = [picture for picture in pictures if picture.name in true_faces]
    if not known:
        raise DataError("expected pictures whose true faces are known, got none")
    found = false = larger_false = 0
    for picture in known:
        faces = true_faces[picture.name]
        grey = decode_grey(picture.data, picture.name)
        boxes = [detection.box for detection in find(grey)]
        wrong = [box for box in boxes if all(box.iou(face) <= SAME_IOU for face in faces)]
        found += any(box.iou(faces[0]) > SAME_IOU for box in boxes)
        false += bool(wrong)
        larger_false += any(box.w > faces[0].w for box in wrong)
    return FaceFigures(len(known), found, false, larger_false)
