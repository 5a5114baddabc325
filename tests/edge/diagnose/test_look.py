from __future__ import annotations

import math
import re

import cv2
import numpy as np
import pytest

from edge.diagnose.annotate import NOT_SMILING
from edge.diagnose.look import FACE_M, Viewer, distance_m, sharpness
from edge.settings import FaceSettings, Settings, TriggerSettings
from edge.values import Frame, Grey


def test_sharpness_falls_with_every_blur(hopper: Grey) -> None:
    pictures = [hopper, *(cv2.GaussianBlur(hopper, (0, 0), sigma) for sigma in (0.7, 1.5, 4.0))]
    got = [sharpness(np.asarray(picture, np.uint8)) for picture in pictures]
    assert got == sorted(got, reverse=True)
    assert got[0] > 2 * got[1]
    assert sharpness(np.full((9, 9), 128, np.uint8)) == sharpness(hopper[:0]) == 0.0


@pytest.mark.parametrize("degrees", [40.0, 66.0, 102.0])
def test_a_face_as_wide_as_the_frame_is_as_near_as_the_angle_says(degrees: float) -> None:
    near = distance_m(640, 640, degrees)
    assert math.degrees(2 * math.atan(FACE_M / 2 / near)) == pytest.approx(degrees)
    assert distance_m(80, 640, degrees) == pytest.approx(8 * near)


@pytest.mark.parametrize(
    ("faces", "trigger", "frame_width", "smallest"),
    [
        (FaceSettings(), TriggerSettings(), 640, 80),
        (FaceSettings(), TriggerSettings(min_face_px=200), 640, 200),
        (FaceSettings(), TriggerSettings(), 1920, 80),
        (FaceSettings(search_width=240), TriggerSettings(), 1920, 160),
        (FaceSettings(min_face_px=40), TriggerSettings(min_face_px=20), 640, 40),
    ],
)
def test_the_smallest_face(
    faces: FaceSettings, trigger: TriggerSettings, frame_width: int, smallest: int
) -> None:
    viewer = Viewer(Settings(faces=faces, trigger=trigger))
    assert viewer.smallest_px(frame_width) == smallest


@pytest.mark.parametrize(
    ("min_face_px", "field_of_view", "words"),
    [
        (0, None, "px, up to 2.0 times as far"),
        (0, 60.0, "px, 0.6 m, up to 1.1 m"),
        (300, None, "px, too small: expected 300 px"),
    ],
)
def test_a_face_is_described(
    demo_frames: list[Frame], min_face_px: int, field_of_view: float | None, words: str
) -> None:
    settings = Settings(trigger=TriggerSettings(min_face_px=min_face_px))
    viewer = Viewer(settings, field_of_view)
    sights = [viewer.see(frame) for frame in demo_frames[:70]]
    line = viewer.line(sights[-1])
    assert line.startswith("sharpness of the face ")
    assert " | 1: 0.9" in line
    assert " smiling, " in line
    assert words in line
    assert sights[-1].best == max(sight.sharpness for sight in sights)


def test_without_a_face_the_middle_of_the_frame_is_measured(hopper: Grey) -> None:
    viewer = Viewer(Settings())
    sights = [
        viewer.see(Frame(0, 0.0, np.full((480, 640), 128, np.uint8))),
        viewer.see(Frame(1, 0.1, hopper[:300, :100])),  # beside the face
    ]
    lines = [viewer.line(sight) for sight in sights]
    assert lines[0] == "sharpness of the middle 0, best 0 | no face"
    assert re.fullmatch(r"sharpness of the middle (\d{2,}), best \1 \| no face", lines[1])


def test_the_picture_may_be_larger_than_the_frame(demo_frames: list[Frame]) -> None:
    viewer = Viewer(Settings())
    sight = viewer.see(demo_frames[0])
    large = np.zeros((960, 1280, 3), np.uint8)
    drawn = viewer.draw(large, sight)
    rows, columns = np.nonzero((drawn == NOT_SMILING).all(axis=2))
    box = sight.scores[0].face.box
    assert columns.min() == pytest.approx(2 * box.x, abs=3)
    assert rows.max() == pytest.approx(2 * (box.y + box.h), abs=3)
    assert not large.any()
