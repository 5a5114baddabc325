from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cameras.demo import COLLINS, HOPPER, Portrait
from edge.errors import MissingPackageError
from edge.faces import haar
from edge.faces.detector import Detection, Detector
from edge.faces.haar import HaarDetector, Scan
from edge.settings import FaceSettings
from edge.values import Box, Grey


@pytest.fixture(scope="module")
def detector() -> HaarDetector:
    return HaarDetector(FaceSettings())


EVERYTHING = Box(0, 0, 640, 480)


def truth_of(portrait: Portrait) -> Box:
    (x, y), side = portrait.centre, portrait.face_px
    return Box(round(x - side / 2), round(y - side / 2), round(side), round(side))


@pytest.mark.parametrize("portrait", [HOPPER, COLLINS])
def test_finds_the_face_in_a_portrait(detector: HaarDetector, portrait: Portrait) -> None:
    found = detector.find_in_still(portrait.read())
    assert len(found) == 1
    assert found[0].box.iou(truth_of(portrait)) > 0.8


def searched(detector: Detector, grey: Grey) -> list[Detection]:
    """Search all parts of a frame, and look closely at what is found."""
    everything = Box(0, 0, grey.shape[1], grey.shape[0])
    found = [
        box for part in range(detector.parts) for box in detector.search(grey, part, everything, [])
    ]
    confirmed = [detector.confirm(grey, box) for box in found]
    return [one for one in confirmed if one is not None]


def shown(portrait: Portrait, px: float, light: float = 1.0, angle: float = 0.0) -> Grey:
    """A portrait in the middle of a frame, its face ``px`` wide."""
    turn = cv2.getRotationMatrix2D(portrait.centre, angle, px / portrait.face_px)
    to_frame = np.asarray(turn, np.float64)
    to_frame[:, 2] += np.array([320.0, 240.0]) - portrait.centre
    view = cv2.warpAffine(portrait.read(), to_frame, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(view * light, np.uint8)


def middle(px: float) -> Box:
    return Box(round(320 - px / 2), round(240 - px / 2), round(px), round(px))


@pytest.mark.parametrize("portrait", [HOPPER, COLLINS])
@pytest.mark.parametrize("px", [85, 100, 130, 180, 260, 340])
def test_a_search_finds_faces_of_all_sizes(
    detector: HaarDetector, portrait: Portrait, px: int
) -> None:
    found = searched(detector, shown(portrait, px))
    assert found
    assert all(one.box.iou(middle(px)) > 0.6 for one in found)


@pytest.mark.parametrize("portrait", [HOPPER, COLLINS])
def test_a_search_finds_faces_in_the_dark(detector: HaarDetector, portrait: Portrait) -> None:
    assert searched(detector, shown(portrait, 150, light=0.15))


def test_a_close_look_finds_no_face_in_noise(detector: HaarDetector) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (480, 640)).astype(np.uint8)
    assert detector.confirm(noise, Box(200, 200, 100, 100)) is None


@pytest.mark.parametrize(("dx", "dy", "grown"), [(0, 0, 1.0), (20, -15, 1.1), (-25, 10, 0.9)])
def test_a_face_is_found_again_near_its_last_box(
    detector: HaarDetector, dx: int, dy: int, grown: float
) -> None:
    side = round(150 * grown)
    last = Box(320 - side // 2 + dx, 240 - side // 2 + dy, side, side)
    found = detector.refind(shown(COLLINS, 150), last, 0.3, 0.0)
    assert found is not None
    assert found.box.iou(middle(150)) > 0.75


def test_a_face_elsewhere_is_not_found_again(detector: HaarDetector) -> None:
    assert detector.refind(shown(COLLINS, 150), Box(20, 20, 150, 150), 0.3, 0.0) is None


@pytest.mark.parametrize("angle", [20.0, -20.0])
def test_a_tilted_head_is_found_again(detector: HaarDetector, angle: float) -> None:
    found = detector.refind(shown(HOPPER, 150, angle=1.2 * angle), middle(150), 0.25, angle)
    assert found is not None
    assert found.box.iou(middle(150)) > 0.6


@pytest.mark.parametrize(
    "box", [Box(-60, 100, 100, 100), Box(600, 440, 100, 100), Box(-500, 0, 90, 90)]
)
def test_a_box_across_the_frames_edge_is_no_error(detector: HaarDetector, box: Box) -> None:
    detector.refind(shown(HOPPER, 150), box, 0.5, 20.0)
    detector.confirm(shown(HOPPER, 150), box)


def test_only_what_changed_is_searched(detector: HaarDetector) -> None:
    frame = shown(HOPPER, 110)
    inside, beside = Box(304, 224, 16, 16), Box(0, 0, 64, 64)

    def found(changed: Box) -> list[Box]:
        small_faces = range(2)
        return [box for part in small_faces for box in detector.search(frame, part, changed, [])]

    assert any(box.iou(middle(110)) > 0.6 for box in found(inside))
    assert not any(box.iou(middle(110)) > 0.3 for box in found(beside))


def test_a_known_face_is_not_searched_and_the_frame_is_left_as_it_was() -> None:
    detector = HaarDetector(FaceSettings(min_face_px=20, search_width=640))  # not scaled down
    frame = shown(HOPPER, 110)
    before = frame.copy()
    for part in range(detector.parts):
        found = detector.search(frame, part, EVERYTHING, [middle(140)])
        assert all(box.iou(middle(110)) < 0.3 for box in found)
    assert (frame == before).all()


def test_a_known_face_beside_a_change_is_not_searched(detector: HaarDetector) -> None:
    beside = Box(384, 240, 16, 16)
    assert detector.search(shown(HOPPER, 110), 2, beside, [])
    assert not detector.search(shown(HOPPER, 110), 2, beside, [middle(110)])


def test_smaller_faces_than_asked_for_are_not_found() -> None:
    assert searched(HaarDetector(FaceSettings(min_face_px=300)), shown(HOPPER, 150)) == []


def test_the_main_face_comes_first(detector: HaarDetector, hopper: Grey, collins: Grey) -> None:
    beside = np.zeros((600, 1024), np.uint8)
    beside[:512, :512] = collins
    beside[:, 512:] = hopper
    boxes = [detection.box for detection in detector.find_in_still(beside)]
    assert [box.x > 512 for box in boxes] == [True, False]
    assert boxes[0].w > boxes[1].w


@pytest.mark.parametrize(("portrait", "clothes"), [(HOPPER, 3), (COLLINS, 5)])
def test_clothes_that_look_like_a_face_are_less_sure_than_one(
    detector: HaarDetector, portrait: Portrait, clothes: int
) -> None:
    face, *others = detector._scan(portrait.read(), Scan(step=1.02, agree=1), min_px=25)
    assert face.box.iou(truth_of(portrait)) > 0.8
    assert face.confidence > 30
    assert len(others) >= clothes
    assert all(0 < one.confidence < HaarDetector.MIN_CONFIDENCE for one in others)


def test_only_new_faces_need_the_least_confidence() -> None:
    picky = HaarDetector(FaceSettings(min_confidence=1000))
    frame = shown(COLLINS, 150)
    assert picky.search(frame, 3, EVERYTHING, [])
    assert picky.confirm(frame, middle(150)) is None
    assert picky.refind(frame, middle(150), 0.2, 0.0) is not None


@pytest.mark.parametrize("value", [0, 128, 255])
def test_no_face_in_an_empty_picture(detector: HaarDetector, value: int) -> None:
    blank = np.full((240, 320), value, np.uint8)
    assert searched(detector, blank) == []
    assert detector.find_in_still(blank) == []


def test_a_missing_cascade_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(haar, "DEBIAN_CASCADES", tmp_path)
    monkeypatch.delattr("cv2.data", raising=False)
    with pytest.raises(MissingPackageError, match="apt install opencv-data"):
        HaarDetector(FaceSettings())


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
    assert searched(detector, blank) == []
    assert detector.find_in_still(blank) == []
