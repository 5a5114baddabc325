from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge import faces
from edge.cameras.demo import COLLINS, FACE_PX, HOPPER, Portrait
from edge.errors import MissingPackageError
from edge.faces import Detection, FaceTracker, HaarDetector
from edge.frames import Box, Frame, Grey
from edge.settings import FaceSettings


@pytest.fixture(scope="module")
def detector() -> HaarDetector:
    return HaarDetector(FaceSettings())


def truth_of(portrait: Portrait) -> Box:
    (x, y), side = portrait.centre, portrait.face_px
    return Box(round(x - side / 2), round(y - side / 2), round(side), round(side))


@pytest.mark.parametrize("portrait", [HOPPER, COLLINS])
def test_finds_the_face_in_a_portrait(detector: HaarDetector, portrait: Portrait) -> None:
    found = detector.find_in_still(portrait.read())
    assert len(found) == 1
    assert found[0].box.iou(truth_of(portrait)) > 0.8


def test_finds_the_face_in_a_live_frame(
    detector: HaarDetector, demo_frames: Sequence[Frame]
) -> None:
    found = detector.find(demo_frames[0].grey)
    truth = Box(320 - FACE_PX // 2, 240 - FACE_PX // 2, FACE_PX, FACE_PX)
    assert len(found) == 1
    assert found[0].box.iou(truth) > 0.7


def test_smaller_faces_than_asked_for_are_not_found(demo_frames: Sequence[Frame]) -> None:
    assert HaarDetector(FaceSettings(min_face_px=300)).find(demo_frames[0].grey) == []


def test_the_main_face_comes_first(detector: HaarDetector, hopper: Grey, collins: Grey) -> None:
    beside = np.zeros((600, 1024), np.uint8)
    beside[:512, :512] = collins
    beside[:, 512:] = hopper
    boxes = [detection.box for detection in detector.find_in_still(beside)]
    assert [box.x > 512 for box in boxes] == [True, False]
    assert boxes[0].w > boxes[1].w


@pytest.mark.parametrize("value", [0, 128, 255])
def test_no_face_in_an_empty_picture(detector: HaarDetector, value: int) -> None:
    blank = np.full((240, 320), value, np.uint8)
    assert detector.find(blank) == []
    assert detector.find_in_still(blank) == []


def test_a_missing_cascade_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(faces, "DEBIAN_CASCADES", tmp_path)
    monkeypatch.delattr("cv2.data", raising=False)
    with pytest.raises(MissingPackageError, match="apt install opencv-data"):
        HaarDetector(FaceSettings())


class Scripted:
    """A detector that finds what it is told: a box or none, frame after frame."""

    def __init__(self, boxes: Sequence[Box | None]) -> None:
        self._boxes = iter(boxes)

    def find(self, _: Grey) -> list[Detection]:
        box = next(self._boxes)
        return [] if box is None else [Detection(box, 9.0)]


def ids(boxes: Sequence[Box | None], lost_s: float = 0.5) -> list[tuple[list[int], list[int]]]:
    """Return (ids seen, ids known) for one frame every 0.2 s."""
    tracker = FaceTracker(Scripted(boxes), lost_s)
    blank = np.zeros((10, 10), np.uint8)
    return [
        ([face.id for face in tracker.find(Frame(i, 0.2 * i, blank))], list(tracker.known))
        for i in range(len(boxes))
    ]


HERE, NEAR, FAR = Box(100, 100, 80, 80), Box(110, 95, 84, 84), Box(400, 100, 80, 80)


def test_a_face_that_moves_a_little_keeps_its_id() -> None:
    assert ids([HERE, NEAR, HERE]) == [([1], [1])] * 3


def test_a_face_unseen_for_a_moment_keeps_its_id() -> None:
    assert ids([HERE, None, NEAR]) == [([1], [1]), ([], [1]), ([1], [1])]


def test_a_face_unseen_for_long_loses_its_id() -> None:
    assert ids([HERE, None, None, None, HERE])[2:] == [([], [1]), ([], []), ([2], [2])]


def test_at_a_slow_frame_rate_a_face_keeps_its_id() -> None:
    assert ids([HERE, NEAR, HERE], lost_s=0.1) == [([1], [1])] * 3
    assert ids([HERE, None, HERE], lost_s=0.1)[2] == ([2], [2])


@pytest.mark.parametrize("angle", [-28.0, 28.0])
def test_finds_a_tilted_face_in_a_still(detector: HaarDetector, hopper: Grey, angle: float) -> None:
    turn = cv2.getRotationMatrix2D(HOPPER.centre, angle, 1.0)
    tilted = cv2.warpAffine(hopper, turn, (512, 600), borderMode=cv2.BORDER_REPLICATE)
    found = detector.find_in_still(np.asarray(tilted, np.uint8))
    assert len(found) == 1
    assert found[0].box.iou(truth_of(HOPPER)) > 0.8


@pytest.mark.parametrize("shape", [(1, 1), (1000, 3), (3, 1000), (2, 3000)])
def test_pictures_of_any_shape_are_searched(detector: HaarDetector, shape: tuple[int, int]) -> None:
    blank = np.zeros(shape, np.uint8)
    assert detector.find(blank) == []
    assert detector.find_in_still(blank) == []


def test_a_face_elsewhere_is_another() -> None:
    assert ids([HERE, FAR]) == [([1], [1]), ([2], [1, 2])]
