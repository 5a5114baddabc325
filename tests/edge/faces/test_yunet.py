"""YuNet on real pictures; its file is not ours to ship: SMILE_GATE_YUNET names it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge.cameras.demo import COLLINS, HOPPER, Portrait
from edge.faces.tracker import FaceTracker
from edge.faces.yunet import YunetDetector
from edge.settings import FaceSettings
from edge.values import Box, Frame, Grey
from tests.edge.cli.commands import records
from tests.edge.faces.test_haar import EVERYTHING, middle, searched, shown, truth_of


@pytest.fixture(scope="module")
def settings() -> FaceSettings:
    path = os.environ.get("SMILE_GATE_YUNET")
    if not path:
        pytest.skip("YuNet is not here: SMILE_GATE_YUNET names no ONNX file")
    return FaceSettings(detector="yunet", yunet_model=path)


@pytest.fixture(scope="module")
def detector(settings: FaceSettings) -> YunetDetector:
    return YunetDetector(settings)


@pytest.mark.parametrize("portrait", [HOPPER, COLLINS])
@pytest.mark.parametrize("angle", [0.0, 20.0])
def test_finds_the_face_in_a_portrait_framed_like_the_cascades(
    detector: YunetDetector, portrait: Portrait, angle: float
) -> None:
    turn = cv2.getRotationMatrix2D(portrait.centre, angle, 1.0)
    picture = portrait.read()
    tilted = cv2.warpAffine(picture, turn, picture.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    found = detector.find_in_still(np.asarray(tilted, np.uint8))
    assert len(found) == 1
    assert found[0].box.iou(truth_of(portrait)) > 0.75
    assert 0.7 < found[0].confidence <= 1.0


@pytest.mark.parametrize("portrait", [HOPPER, COLLINS])
@pytest.mark.parametrize("px", [85, 130, 260, 340])
def test_a_search_finds_faces_of_all_sizes(
    detector: YunetDetector, portrait: Portrait, px: int
) -> None:
    found = searched(detector, shown(portrait, px))
    assert len(found) == 1
    assert found[0].box.iou(middle(px)) > 0.75


def test_a_search_leaves_out_known_faces(detector: YunetDetector) -> None:
    frame = shown(HOPPER, 150)
    assert len(detector.search(frame, 0, EVERYTHING, [])) == 1
    assert detector.search(frame, 0, EVERYTHING, [middle(150)]) == []


@pytest.mark.parametrize(("dx", "dy", "grown"), [(0, 0, 1.0), (20, -15, 1.1), (-25, 10, 0.9)])
def test_a_face_is_found_again_near_its_last_box(
    detector: YunetDetector, dx: int, dy: int, grown: float
) -> None:
    side = round(150 * grown)
    last = Box(320 - side // 2 + dx, 240 - side // 2 + dy, side, side)
    found = detector.refind(shown(COLLINS, 150), last, 0.3, 0.0)
    assert found is not None
    assert found.box.iou(middle(150)) > 0.75


@pytest.mark.parametrize(
    "box",
    [
        Box(20, 20, 150, 150),
        Box(350, 165, 150, 150),  # the face is in view, but not there
        Box(-60, 100, 100, 100),
        Box(-500, 0, 90, 90),
    ],
)
def test_a_face_elsewhere_is_not_found(detector: YunetDetector, box: Box) -> None:
    frame = shown(COLLINS, 150)
    assert detector.refind(frame, box, 0.8, 20.0) is None
    assert detector.confirm(frame, box) is None


def test_a_face_half_out_of_the_frame_is_followed(settings: FaceSettings) -> None:
    frame = shown(COLLINS, 200)
    tracker = FaceTracker(YunetDetector(settings), settings)
    seen = [tracker.find(Frame(i, i / 30, frame[:, 12 * i :])) for i in range(25)]
    assert [len(faces) for faces in seen] == [1] * 25
    assert {faces[0].id for faces in seen} == {1}


def test_smaller_faces_than_asked_for_are_not_found(settings: FaceSettings) -> None:
    picky = YunetDetector(FaceSettings("yunet", None, settings.yunet_model, min_face_px=300))
    assert searched(picky, shown(HOPPER, 150)) == []
    assert picky.confirm(shown(HOPPER, 150), middle(150)) is None


@pytest.mark.parametrize("shape", [(1, 1), (1000, 3), (3, 1000), (240, 320)])
def test_no_face_in_an_empty_picture(detector: YunetDetector, shape: tuple[int, int]) -> None:
    blank: Grey = np.full(shape, 128, np.uint8)
    assert searched(detector, blank) == []
    assert detector.find_in_still(blank) == []


@pytest.mark.parametrize("shape", [(8, 8), (32, 32), (97, 8), (32, 97), (8, 160)])
def test_nothing_is_made_up_in_small_pictures(
    settings: FaceSettings, shape: tuple[int, int]
) -> None:
    noise = np.random.default_rng(1).integers(0, 255, shape).astype(np.uint8)
    for _ in range(3):  # what OpenCV makes up differs from one network to the next
        detector = YunetDetector(settings)
        assert detector.find_in_still(np.full(shape, 255, np.uint8)) == []
        assert detector.find_in_still(noise) == []


def test_classify_says_what_it_says_with_the_cascade(
    settings: FaceSettings, smile_gate: Any, portraits: Path, tmp_path: Path
) -> None:
    file = tmp_path / "my.toml"
    file.write_text(f'[faces]\ndetector = "yunet"\nyunet_model = "{settings.yunet_model}"\n')
    code, out, _ = smile_gate("classify", portraits, "--json", "--config", file)
    assert code == 0
    assert [[face["smiling"] for face in one["faces"]] for one in records(out)] == [[False], [True]]
