from __future__ import annotations

import numpy as np
import pytest

from edge.diagnose.annotate import NOT_SMILING, SMILING, annotate
from edge.values import Box, Face, Picture, SmileScore


def scored(box: Box, score: float) -> SmileScore:
    return SmileScore(Face(3, box, 1.0), score)


@pytest.mark.parametrize("shape", [(120, 160), (120, 160, 3), (240, 320, 3), (960, 1280)])
@pytest.mark.parametrize(("score", "colour"), [(0.79, NOT_SMILING), (0.8, SMILING)])
def test_the_box_lies_on_the_face_in_grey_colour_and_larger_pictures(
    shape: tuple[int, ...], score: float, colour: tuple[int, int, int]
) -> None:
    picture: Picture = np.zeros(shape, np.uint8)
    drawn = annotate(picture, [scored(Box(40, 50, 60, 60), score)], threshold=0.8, frame_width=160)
    assert drawn.shape == (*shape[:2], 3)
    assert not picture.any()
    rows, columns = np.nonzero((drawn == colour).all(axis=2))
    scale = shape[1] / 160
    assert (columns.min() / scale, rows.max() / scale) == pytest.approx((40, 110), abs=1.5)


@pytest.mark.parametrize(
    "box", [Box(-60, -60, 180, 180), Box(450, 330, 180, 180), Box(0, 0, 480, 360)]
)
def test_a_label_stays_in_the_picture_when_its_box_does_not(box: Box) -> None:
    drawn = annotate(np.zeros((360, 480), np.uint8), [scored(box, 1.0)], threshold=0.5)
    label = np.all(drawn > 200, axis=2)  # white
    assert label.sum() > 40
    rows, columns = np.nonzero(label)
    assert rows.max() < 359
    assert columns.max() < 479


def test_lines_are_written_from_the_top() -> None:
    blank: Picture = np.zeros((200, 400), np.uint8)
    tops = [
        np.nonzero(annotate(blank, [], threshold=0.5, lines=lines).any(axis=(1, 2)))[0].max()
        for lines in (["one"], ["one", "two"])
    ]
    assert tops[0] < tops[1] < 60
    assert not annotate(blank, [], threshold=0.5).any()
