from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.cameras.demo import COLLINS, HOPPER, Portrait
from edge.faces.detector import Detection
from edge.faces.haar import HaarDetector
from edge.faces.tracker import FaceTracker
from edge.settings import FaceSettings
from edge.values import Box, Face, Frame, Grey
from tests.edge.faces.portraits import MIDDLE, show, square

SETTINGS = FaceSettings(scan_s=0.2, lost_s=0.5)


class ScriptedDetector:
    """Detects the boxes of a script, frame after frame, at one tilt in degrees."""

    parts = 1
    tilt = 0.0

    def __init__(self, boxes: Sequence[Sequence[Box]]) -> None:
        self._boxes = boxes
        self.angles: list[float] = []

    def search(self, grey: Grey, part: int, region: Box, known: Sequence[Box]) -> list[Box]:
        assert (part, region) == (0, Box(0, 0, 16, 16))
        boxes = self._boxes[number_of(grey)]
        return [box for box in boxes if not any(box.iou(face) > 0.3 for face in known)]

    def confirm(self, grey: Grey, box: Box) -> Detection | None:
        return Detection(box, 9.0) if box in self._boxes[number_of(grey)] else None

    def redetect(self, grey: Grey, box: Box, margin: float, angle: float) -> Detection | None:
        assert 0.0 < margin < 1.0
        self.angles.append(angle)
        near = [other for other in self._boxes[number_of(grey)] if other.iou(box) > 0.3]
        return Detection(near[0], 9.0) if near and angle == self.tilt else None

    def find_in_still(self, grey: Grey) -> list[Detection]:
        raise NotImplementedError


Ids = tuple[list[int], Sequence[int]]
"""Ids of the faces seen in a frame, and of all known faces."""


def follow(
    boxes: Sequence[Sequence[Box]], settings: FaceSettings = SETTINGS, every_s: float = 0.2
) -> list[Ids]:
    tracker = FaceTracker(ScriptedDetector(boxes), settings)
    return [
        ([face.id for face in tracker.find(numbered(i, every_s))], tracker.known)
        for i in range(len(boxes))
    ]


def numbered(index: int, every_s: float) -> Frame:
    """A frame that differs from the frame before and shows its number."""
    return Frame(index, index * every_s, np.full((10, 10), 10 * index, np.uint8))


def number_of(grey: Grey) -> int:
    return int(grey[0, 0]) // 10


HERE, NEAR, FAR = Box(100, 100, 80, 80), Box(110, 95, 84, 84), Box(400, 100, 80, 80)


@pytest.mark.parametrize(
    ("boxes", "last_frames"),
    [
        pytest.param([[HERE], [NEAR], [HERE]], [([1], [1])] * 3, id="moves a little"),
        pytest.param([[HERE], [], [NEAR]], [([1], [1]), ([], [1]), ([1], [1])], id="unseen once"),
        pytest.param([[HERE], [], [], [], [HERE]], [([], [1]), ([], []), ([2], [2])], id="lost"),
        pytest.param([[HERE], [FAR]], [([1], [1]), ([2], [1, 2])], id="another face"),
        pytest.param([[HERE, FAR], [FAR, NEAR], [HERE, FAR]], [([1, 2], [1, 2])], id="two faces"),
    ],
)
def test_a_face_keeps_its_id_until_lost(boxes: list[list[Box]], last_frames: list[Ids]) -> None:
    assert follow(boxes)[-len(last_frames) :] == last_frames


def test_at_a_slow_frame_rate_a_face_keeps_its_id() -> None:
    brief = FaceSettings(scan_s=0.2, lost_s=0.1)
    assert follow([[HERE], [NEAR], [HERE]], brief) == [([1], [1])] * 3
    assert follow([[HERE], [], [HERE]], brief)[2] == ([2], [2])


def test_a_new_face_is_noticed_at_the_next_search() -> None:
    """Ten frames a second, a search each 0.3 s: at 0, 0.3, 0.6."""
    seldom = FaceSettings(scan_s=0.3, lost_s=0.5)
    seen = [ids for ids, _ in follow([[], *[[HERE]] * 4], seldom, every_s=0.1)]
    assert seen == [[], [], [], [1], [1]]


def test_of_two_tracks_of_the_same_face_the_older_stays() -> None:
    assert follow([[HERE, FAR], [Box(250, 100, 80, 80)], [HERE]])[0] == ([1, 2], [1, 2])
    beside = Box(180, 100, 80, 80)
    both = [[HERE, beside], [Box(140, 100, 80, 80)]]
    assert follow(both) == [([1, 2], [1, 2]), ([1], [1])]


def test_an_unseen_face_is_redetected_upright_and_tilted() -> None:
    detector = ScriptedDetector([[HERE], [], [], [], []])
    tracker = FaceTracker(detector, FaceSettings(scan_s=10, lost_s=5))
    for index in range(5):
        tracker.find(numbered(index, 0.1))
    assert detector.angles == [0.0, 20.0, -20.0, 0.0]


def test_a_tilted_head_is_redetected_tilted() -> None:
    detector = ScriptedDetector([[HERE]] * 4)
    tracker = FaceTracker(detector, FaceSettings(scan_s=10, lost_s=5))
    for index in range(4):
        detector.tilt = 20.0 if index else 0.0
        tracker.find(numbered(index, 0.1))
    assert detector.angles == [0.0, 20.0, 20.0]


def test_a_jittering_box_is_smoothed_and_a_moving_box_is_not() -> None:
    def last_box(last: Box) -> Box:
        tracker = FaceTracker(ScriptedDetector([[HERE], [last]]), SETTINGS)
        return [tracker.find(numbered(i, 0.03))[0].box for i in range(2)][1]

    assert last_box(Box(104, 100, 80, 80)) == Box(102, 100, 80, 80)
    assert last_box(Box(130, 100, 80, 80)) == Box(130, 100, 80, 80)


# With the Haar cascade

DETECTOR = HaarDetector(FaceSettings())
CENTRES = Mapping[Portrait, tuple[float, float]]


def scene(centres: CENTRES, px: float = 110.0) -> Grey:
    """Portraits, cut out around their faces, on a grey wall."""
    wall = np.full((480, 640), 110, np.uint8)
    for portrait, centre in centres.items():
        head = square(1.6 * px, centre)
        head.cut(wall)[:] = head.cut(show(portrait, px, centre))
    return wall


NOISE = np.random.default_rng(3).normal(0.0, 4.0, (30, 480, 640))


def noisy(view: NDArray[Any], index: int) -> Frame:
    picture = np.clip(view + NOISE[index % len(NOISE)], 0, 255)
    return Frame(index, index / 30.0, np.asarray(picture, np.uint8))


def watch(
    film: Iterable[NDArray[Any]], detector: HaarDetector = DETECTOR
) -> list[tuple[Face, ...]]:
    """Return the faces that a new tracker sees in each picture, in noise and at 30 fps."""
    tracker = FaceTracker(detector, FaceSettings())
    return [tracker.find(noisy(view, index)) for index, view in enumerate(film)]


def walk(i: int, fps: float) -> tuple[float, float]:
    """Two face widths a second to the right, with a step's bobbing."""
    return 100.0 + 220.0 * i / fps, 240.0 + 6.0 * math.sin(2.0 * math.pi * 1.8 * i / fps)


@pytest.mark.parametrize("fps", [8.0, 30.0])
def test_a_walking_face_is_tracked(fps: float) -> None:
    tracker = FaceTracker(DETECTOR, FaceSettings())
    for i in range(round(2 * fps)):
        (face,) = tracker.find(Frame(i, i / fps, scene({COLLINS: walk(i, fps)})))
        assert face.id == 1
        assert face.box.iou(square(110, walk(i, fps))) > 0.6


def test_a_face_that_leaves_is_noticed_at_once() -> None:
    both, one = scene({COLLINS: (450, 240), HOPPER: (150, 240)}), scene({COLLINS: (450, 240)})
    assert [len(faces) for faces in watch([both] * 8 + [one])][7:] == [2, 1]


class CountingDetector(HaarDetector):
    """Counts its calls, and finds no new faces while it is ``blind``."""

    def __init__(self) -> None:
        super().__init__(FaceSettings())
        self.searches = self.redetections = 0
        self.blind = False

    def search(self, grey: Grey, part: int, region: Box, known: Sequence[Box]) -> list[Box]:
        self.searches += 1
        return [] if self.blind else super().search(grey, part, region, known)

    def redetect(self, grey: Grey, box: Box, margin: float, angle: float) -> Detection | None:
        self.redetections += 1
        return super().redetect(grey, box, margin, angle)


def test_where_nothing_changes_the_frame_is_searched_twice_a_second() -> None:
    detector = CountingDetector()
    seen = watch([scene({HOPPER: (150, 240)})] * 60, detector)
    assert [len(faces) for faces in seen] == [1] * 60
    assert detector.searches == 4 * detector.parts


def test_a_still_face_that_was_missed_is_found_half_a_second_later() -> None:
    detector = CountingDetector()
    tracker = FaceTracker(detector, FaceSettings())
    view = scene({HOPPER: (150, 240)})
    detector.blind = True
    assert not any(tracker.find(noisy(view, index)) for index in range(12))
    detector.blind = False
    noticed = next(index for index in range(12, 90) if tracker.find(noisy(view, index)))
    assert noticed <= 0.75 * 30


@pytest.mark.parametrize(
    ("others", "light"), [({}, 1.0), ({}, 0.2), ({COLLINS: (150.0, 240.0)}, 1.0)]
)
def test_a_face_that_appears_is_noticed_in_time(others: CENTRES, light: float) -> None:
    before, after = scene(others) * light, scene({**others, HOPPER: (450, 240)}) * light
    numbers = [len(faces) for faces in watch([before] * 36 + [after] * 54)]
    assert max(numbers[:36]) == numbers[35] == len(others)
    assert numbers.index(len(others) + 1) - 36 <= 0.25 * 30


def test_a_face_that_fades_in_is_noticed_between_searches_of_the_whole_frame() -> None:
    tracker = FaceTracker(DETECTOR, FaceSettings(scan_s=0.1))
    empty, shown = scene({}), scene({HOPPER: (450, 240)})
    shares = np.clip((np.arange(60) - 47) / 8, 0.0, 1.0)
    views = [np.asarray((1.0 - share) * empty + share * shown, np.uint8) for share in shares]
    assert any(tracker.find(noisy(view, index)) for index, view in enumerate(views))


def test_each_face_is_redetected_in_every_third_frame_by_turns() -> None:
    detector = CountingDetector()
    tracker = FaceTracker(detector, FaceSettings())
    view = scene({HOPPER: (120, 120), COLLINS: (480, 120)})
    redetections = []
    for index in range(300, 330):
        assert len(tracker.find(noisy(view, index))) == 2
        redetections.append(detector.redetections)
    each_frame = np.diff(redetections)
    assert max(each_frame) == 1
    assert 18 <= sum(each_frame) <= 21


@pytest.mark.parametrize("growth", [1.5, 1.0 / 1.5])
def test_a_face_that_approaches_or_recedes_is_tracked_in_size(growth: float) -> None:
    widths = [140.0 * growth ** (index / 30) for index in range(30)]
    seen = watch(scene({COLLINS: MIDDLE}, px) for px in widths)
    for (face,), px in zip(seen, widths, strict=True):
        assert face.id == 1
        assert face.box.iou(square(px)) > 0.7


def test_a_face_that_turns_into_half_a_face_is_lost_within_a_tenth_of_a_second() -> None:
    """The template may still match half the face, but the detector does not detect it."""
    whole = scene({HOPPER: MIDDLE})
    half = whole.copy()
    half[240:310] = 110
    numbers = [len(faces) for faces in watch([whole] * 10 + [half] * 6)]
    assert numbers[9] == 1
    assert numbers[13:] == [0] * 3


def test_a_still_face_in_noise_keeps_a_steady_box() -> None:
    boxes = [faces[0].box for faces in watch([scene({COLLINS: MIDDLE})] * 45)]
    assert float(np.std(boxes[6:], axis=0).max()) < 0.02 * 110


def test_the_size_of_frames_may_change() -> None:
    tracker = FaceTracker(DETECTOR, FaceSettings())
    view = scene({HOPPER: MIDDLE}, 220.0)
    sizes = [(640, 480), (320, 240), (1280, 720), (64, 64), (641, 479), (3840, 2160), (640, 480)]
    for index, size in enumerate(np.repeat(sizes, 10, axis=0)):
        grey = np.asarray(cv2.resize(view, size), np.uint8)
        seen = tracker.find(Frame(index, index / 30, grey))
        if index % 10 == 9 and min(size) > 64:
            assert len(seen) == 1
            assert seen[0].box.w == pytest.approx(220 * size[0] / 640, rel=0.3)
