"""Both detectors on real pictures. YuNet's file is not part of the project: SMILE_GATE_YUNET names
it, and without it YuNet's tests are skipped."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from msgspec.structs import replace

from edge.cameras.demo import COLLINS, HOPPER, Portrait
from edge.errors import MissingPackageError
from edge.faces.detector import Detector
from edge.faces.haar import HaarDetector, Scan, find_cascade
from edge.faces.open import open_detector
from edge.faces.tracker import FaceTracker
from edge.faces.yunet import YunetDetector
from edge.settings import FaceSettings
from edge.values import Box, Frame, Grey
from tests.edge.cli.commands import records
from tests.edge.faces.portraits import WHOLE, detect, face_of, show, square, tilt


@pytest.fixture(scope="module")
def haar() -> HaarDetector:
    return HaarDetector(FaceSettings())


@pytest.fixture(scope="module")
def yunet_settings() -> FaceSettings:
    path = os.environ.get("SMILE_GATE_YUNET")
    if not path:
        pytest.skip("YuNet is not here: SMILE_GATE_YUNET names no ONNX file")
    return FaceSettings(detector="yunet", yunet_model=path)


@pytest.fixture(scope="module")
def yunet(yunet_settings: FaceSettings) -> YunetDetector:
    return YunetDetector(yunet_settings)


@pytest.fixture(scope="module", params=["haar", "yunet"])
def settings(request: pytest.FixtureRequest) -> Any:
    return FaceSettings() if request.param == "haar" else request.getfixturevalue("yunet_settings")


@pytest.fixture(scope="module")
def detector(settings: FaceSettings) -> Detector:
    return open_detector(settings)


# Both


@pytest.mark.parametrize(("dx", "dy", "grown"), [(0, 0, 1.0), (20, -15, 1.1), (-25, 10, 0.9)])
def test_a_face_nearby_is_redetected(detector: Detector, dx: int, dy: int, grown: float) -> None:
    last = square(150 * grown, (320 + dx, 240 + dy))
    face = detector.redetect(show(COLLINS, 150), last, 0.3, 0.0)
    assert face is not None
    assert face.box.iou(square(150)) > 0.75


@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("shape", [(240, 320), (1, 1), (1000, 3), (3, 1000), (2, 3000)])
def test_no_face_in_empty_pictures(detector: Detector, shape: tuple[int, int], level: int) -> None:
    blank = np.full(shape, level, np.uint8)
    assert detect(detector, blank) == []
    assert detector.find_in_still(blank) == []


def test_faces_below_the_smallest_wanted_are_not_detected(settings: FaceSettings) -> None:
    strict = open_detector(replace(settings, min_face_px=300))
    assert detect(strict, show(HOPPER, 150)) == []
    assert strict.confirm(show(HOPPER, 150), square(150)) is None


# The Haar cascade


@pytest.mark.parametrize(
    ("portrait", "angle"), [(HOPPER, 0.0), (COLLINS, 0.0), (HOPPER, -28.0), (HOPPER, 28.0)]
)
def test_a_still_shows_one_face(haar: HaarDetector, portrait: Portrait, angle: float) -> None:
    [face] = haar.find_in_still(tilt(portrait, angle))
    assert face.box.iou(face_of(portrait)) > 0.8


@pytest.mark.parametrize("portrait", [HOPPER, COLLINS])
@pytest.mark.parametrize("px", [85, 100, 130, 180, 260, 340])
def test_a_search_finds_faces_of_all_sizes(haar: HaarDetector, portrait: Portrait, px: int) -> None:
    faces = detect(haar, show(portrait, px))
    assert faces
    assert all(face.box.iou(square(px)) > 0.6 for face in faces)


@pytest.mark.parametrize("portrait", [HOPPER, COLLINS])
def test_a_search_finds_faces_in_the_dark(haar: HaarDetector, portrait: Portrait) -> None:
    assert detect(haar, np.asarray(show(portrait, 150) * 0.15, np.uint8))


def test_noise_is_not_confirmed(haar: HaarDetector) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (480, 640)).astype(np.uint8)
    assert haar.confirm(noise, Box(200, 200, 100, 100)) is None


def test_a_face_elsewhere_is_not_redetected(haar: HaarDetector) -> None:
    assert haar.redetect(show(COLLINS, 150), Box(20, 20, 150, 150), 0.3, 0.0) is None


@pytest.mark.parametrize("angle", [20.0, -20.0])
def test_a_tilted_head_is_redetected(haar: HaarDetector, angle: float) -> None:
    face = haar.redetect(show(HOPPER, 150, angle=1.2 * angle), square(150), 0.25, angle)
    assert face is not None
    assert face.box.iou(square(150)) > 0.6


@pytest.mark.parametrize(
    "box", [Box(-60, 100, 100, 100), Box(600, 440, 100, 100), Box(-500, 0, 90, 90)]
)
def test_a_box_across_the_frames_edge_is_no_error(haar: HaarDetector, box: Box) -> None:
    haar.redetect(show(HOPPER, 150), box, 0.5, 20.0)
    haar.confirm(show(HOPPER, 150), box)


def test_only_the_region_is_searched(haar: HaarDetector) -> None:
    frame = show(HOPPER, 110)
    inside, beside = Box(304, 224, 16, 16), Box(0, 0, 64, 64)

    def search(region: Box) -> list[Box]:
        small_faces = range(2)
        return [box for part in small_faces for box in haar.search(frame, part, region, [])]

    assert any(box.iou(square(110)) > 0.6 for box in search(inside))
    assert not any(box.iou(square(110)) > 0.3 for box in search(beside))


def test_a_known_face_is_not_searched_and_the_frame_is_left_unchanged() -> None:
    detailed = HaarDetector(FaceSettings(min_face_px=20, search_width=640))  # not scaled down
    frame = show(HOPPER, 110)
    before = frame.copy()
    for part in range(detailed.parts):
        boxes = detailed.search(frame, part, WHOLE, [square(140)])
        assert all(box.iou(square(110)) < 0.3 for box in boxes)
    assert (frame == before).all()


def test_a_known_face_beside_the_region_is_not_searched(haar: HaarDetector) -> None:
    beside = Box(384, 240, 16, 16)
    assert haar.search(show(HOPPER, 110), 2, beside, [])
    assert not haar.search(show(HOPPER, 110), 2, beside, [square(110)])


def test_the_main_face_comes_first(haar: HaarDetector, hopper: Grey, collins: Grey) -> None:
    beside = np.zeros((600, 1024), np.uint8)
    beside[:512, :512] = collins
    beside[:, 512:] = hopper
    boxes = [detection.box for detection in haar.find_in_still(beside)]
    assert [box.x > 512 for box in boxes] == [True, False]
    assert boxes[0].w > boxes[1].w


@pytest.mark.parametrize(("portrait", "clothes"), [(HOPPER, 3), (COLLINS, 5)])
def test_clothes_that_look_like_a_face_have_less_confidence_than_a_face(
    haar: HaarDetector, portrait: Portrait, clothes: int
) -> None:
    # Private, as the public methods drop what has so little confidence.
    face, *others = haar._scan(portrait.read(), Scan(1.02, 1), min_px=25)
    assert face.box.iou(face_of(portrait)) > 0.8
    assert face.confidence > 30
    assert len(others) >= clothes
    assert all(0 < other.confidence < HaarDetector.MIN_CONFIDENCE for other in others)


def test_only_new_faces_need_the_least_confidence() -> None:
    strict = HaarDetector(FaceSettings(min_confidence=1000))
    frame = show(COLLINS, 150)
    assert strict.search(frame, 3, WHOLE, [])
    assert strict.confirm(frame, square(150)) is None
    assert strict.redetect(frame, square(150), 0.2, 0.0) is not None


def test_a_missing_cascade_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("cv2.data", raising=False)
    assert not hasattr(cv2, "data")
    with pytest.raises(MissingPackageError, match=r"none\.xml: .* apt install opencv-data") as no:
        find_cascade("none.xml")
    assert no.value.name == "opencv-data"


# YuNet


@pytest.mark.parametrize("portrait", [HOPPER, COLLINS])
@pytest.mark.parametrize("angle", [0.0, 20.0])
def test_a_still_shows_one_face_framed_like_the_cascades(
    yunet: YunetDetector, portrait: Portrait, angle: float
) -> None:
    [face] = yunet.find_in_still(tilt(portrait, angle))
    assert face.box.iou(face_of(portrait)) > 0.75
    assert 0.7 < face.confidence <= 1.0


@pytest.mark.parametrize("portrait", [HOPPER, COLLINS])
@pytest.mark.parametrize("px", [85, 130, 260, 340])
def test_a_search_finds_one_face(yunet: YunetDetector, portrait: Portrait, px: int) -> None:
    [face] = detect(yunet, show(portrait, px))
    assert face.box.iou(square(px)) > 0.75


def test_a_known_face_is_not_searched(yunet: YunetDetector) -> None:
    frame = show(HOPPER, 150)
    assert len(yunet.search(frame, 0, WHOLE, [])) == 1
    assert yunet.search(frame, 0, WHOLE, [square(150)]) == []


@pytest.mark.parametrize(
    "box",
    [
        Box(20, 20, 150, 150),
        Box(350, 165, 150, 150),  # the face is in view, but not there
        Box(-60, 100, 100, 100),
        Box(-500, 0, 90, 90),
    ],
)
def test_a_face_elsewhere_is_not_detected(yunet: YunetDetector, box: Box) -> None:
    frame = show(COLLINS, 150)
    assert yunet.redetect(frame, box, 0.8, 20.0) is None
    assert yunet.confirm(frame, box) is None


def test_a_face_half_out_of_the_frame_is_followed(yunet_settings: FaceSettings) -> None:
    frame = show(COLLINS, 200)
    tracker = FaceTracker(YunetDetector(yunet_settings), yunet_settings)
    seen = [tracker.find(Frame(i, i / 30, frame[:, 12 * i :])) for i in range(25)]
    assert [len(faces) for faces in seen] == [1] * 25
    assert {faces[0].id for faces in seen} == {1}


@pytest.mark.parametrize("shape", [(8, 8), (32, 32), (97, 8), (32, 97), (8, 160)])
def test_no_face_in_small_pictures(yunet_settings: FaceSettings, shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 255, shape).astype(np.uint8)
    for _ in range(3):  # random faces differ from one network to the next
        detector = YunetDetector(yunet_settings)
        assert detector.find_in_still(np.full(shape, 255, np.uint8)) == []
        assert detector.find_in_still(noise) == []


def test_classify_gives_the_same_answers_as_with_the_cascade(
    yunet_settings: FaceSettings, smile_gate: Any, portraits: Path, tmp_path: Path
) -> None:
    file = tmp_path / "my.toml"
    file.write_text(f'[faces]\ndetector = "yunet"\nyunet_model = "{yunet_settings.yunet_model}"\n')
    code, out, _ = smile_gate("classify", portraits, "--json", "--config", file)
    assert code == 0
    smiling = [[face["smiling"] for face in image["faces"]] for image in records(out)]
    assert smiling == [[False], [True]]
