from __future__ import annotations

from pathlib import Path

import pytest

from edge.faces.detector import Detection
from edge.faces.haar import HaarDetector
from edge.settings import FaceSettings
from edge.values import Box
from tests.conftest import ROOT
from train.datasets import DataError, load
from train.detection import DetectionAccuracy, evaluate_detector, read_true_faces

TRUE = Box(100, 100, 50, 50)
OTHER = Box(10, 10, 30, 30)


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        ([TRUE], (1, 0, 0)),
        ([Box(105, 95, 60, 60)], (1, 0, 0)),
        ([], (0, 0, 0)),
        ([OTHER], (0, 0, 0)),
        ([Box(200, 200, 40, 40), TRUE], (1, 1, 0)),
        ([TRUE, Box(200, 200, 60, 60)], (1, 1, 1)),
        ([Box(200, 200, 60, 60), Box(300, 200, 60, 60)], (0, 1, 1)),
    ],
)
def test_detections_are_compared_with_the_true_faces(
    boxes: list[Box], expected: tuple[int, int, int], tiny_sets: Path
) -> None:
    pictures = load(tiny_sets, ["genki4k"])
    truth = {pictures[0].name: [TRUE, OTHER], pictures[1].name: [TRUE], "elsewhere.jpg": [TRUE]}
    script = iter([boxes, [TRUE]])
    figures = evaluate_detector(
        lambda _: [Detection(box, 5.0) for box in next(script)], pictures, truth
    )
    detected, false, larger_false = expected
    assert figures == DetectionAccuracy(2, detected + 1, false, larger_false)


def test_pictures_without_true_faces_are_refused(tiny_sets: Path) -> None:
    with pytest.raises(DataError, match="expected pictures whose true faces are known"):
        evaluate_detector(lambda _: [], load(tiny_sets, ["genki4k"]), {})


def test_every_test_picture_has_a_true_face() -> None:
    names = (ROOT / "train" / "splits" / "genki4k-test.txt").read_text().split()
    faces = read_true_faces()
    assert sorted(faces) == names
    assert sum(len(boxes) for boxes in faces.values()) == 837
    assert all(box.w == box.h >= 8 for boxes in faces.values() for box in boxes)


def test_the_default_detector_detects_the_faces(data: Path) -> None:
    """On every fourth test picture; ``python -m train faces`` takes all."""
    pictures = [p for p in load(data, ["genki4k"]) if p.split == "test"][::4]
    figures = evaluate_detector(
        HaarDetector(FaceSettings()).find_in_still, pictures, read_true_faces()
    )
    assert figures.pictures == 200
    assert figures.detected >= 0.985 * 200
    assert figures.larger_false <= 0.015 * 200
