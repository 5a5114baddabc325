"""YuNet on real pictures. Its file is not part of the project: SMILE_GATE_YUNET names it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.cameras.demo import COLLINS, HOPPER, Portrait
from edge.faces.tracker import FaceTracker
from edge.faces.yunet import YunetDetector
from edge.settings import FaceSettings
from edge.values import Box, Frame, Grey
from tests.edge.cli.commands import records
from tests.edge.faces.portraits import WHOLE, detect, face_of, show, square, tilt


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
def test_a_still_shows_one_face_framed_like_the_cascades(
    detector: YunetDetector, portrait: Portrait, angle: float
) -> None:
    [face] = detector.find_in_still(tilt(portrait, angle))
    assert face.box.iou(face_of(portrait)) > 0.75
    assert 0.7 < face.confidence <= 1.0


@pytest.mark.parametrize("portrait", [HOPPER, COLLINS])
@pytest.mark.parametrize("px", [85, 130, 260, 340])
def test_a_search_finds_faces_of_all_sizes(
    detector: YunetDetector, portrait: Portrait, px: int
) -> None:
    [face] = detect(detector, show(portrait, px))
    assert face.box.iou(square(px)) > 0.75


def test_a_known_face_is_not_detect(detector: YunetDetector) -> None:
    frame = show(HOPPER, 150)
    assert len(detector.search(frame, 0, WHOLE, [])) == 1
    assert detector.search(frame, 0, WHOLE, [square(150)]) == []


@pytest.mark.parametrize(("dx", "dy", "grown"), [(0, 0, 1.0), (20, -15, 1.1), (-25, 10, 0.9)])
def test_a_face_is_redetected_near_its_last_box(
    detector: YunetDetector, dx: int, dy: int, grown: float
) -> None:
    last = square(150 * grown, (320 + dx, 240 + dy))
    face = detector.redetect(show(COLLINS, 150), last, 0.3, 0.0)
    assert face is not None
    assert face.box.iou(square(150)) > 0.75


@pytest.mark.parametrize(
    "box",
    [
        Box(20, 20, 150, 150),
        Box(350, 165, 150, 150),  # the face is in view, but not there
        Box(-60, 100, 100, 100),
        Box(-500, 0, 90, 90),
    ],
)
def test_a_face_elsewhere_is_neither_redetected_nor_confirmed(
    detector: YunetDetector, box: Box
) -> None:
    frame = show(COLLINS, 150)
    assert detector.redetect(frame, box, 0.8, 20.0) is None
    assert detector.confirm(frame, box) is None


def test_a_face_half_out_of_the_frame_is_followed(settings: FaceSettings) -> None:
    frame = show(COLLINS, 200)
    tracker = FaceTracker(YunetDetector(settings), settings)
    seen = [tracker.find(Frame(i, i / 30, frame[:, 12 * i :])) for i in range(25)]
    assert [len(faces) for faces in seen] == [1] * 25
    assert {faces[0].id for faces in seen} == {1}


def test_faces_below_the_smallest_wanted_are_not_detected(settings: FaceSettings) -> None:
    strict = YunetDetector(FaceSettings("yunet", None, settings.yunet_model, min_face_px=300))
    assert detect(strict, show(HOPPER, 150)) == []
    assert strict.confirm(show(HOPPER, 150), square(150)) is None


@pytest.mark.parametrize("shape", [(1, 1), (1000, 3), (3, 1000), (240, 320)])
def test_no_face_in_an_empty_picture(detector: YunetDetector, shape: tuple[int, int]) -> None:
    blank: Grey = np.full(shape, 128, np.uint8)
    assert detect(detector, blank) == []
    assert detector.find_in_still(blank) == []


@pytest.mark.parametrize("shape", [(8, 8), (32, 32), (97, 8), (32, 97), (8, 160)])
def test_no_random_face_in_a_small_picture(settings: FaceSettings, shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 255, shape).astype(np.uint8)
    for _ in range(3):  # random faces differ from one network to the next
        detector = YunetDetector(settings)
        assert detector.find_in_still(np.full(shape, 255, np.uint8)) == []
        assert detector.find_in_still(noise) == []


def test_classify_gives_the_same_answers_as_with_the_cascade(
    settings: FaceSettings, smile_gate: Any, portraits: Path, tmp_path: Path
) -> None:
    file = tmp_path / "my.toml"
    file.write_text(f'[faces]\ndetector = "yunet"\nyunet_model = "{settings.yunet_model}"\n')
    code, out, _ = smile_gate("classify", portraits, "--json", "--config", file)
    assert code == 0
    assert [[face["smiling"] for face in image["faces"]] for image in records(out)] == [
        [False],
        [True],
    ]
