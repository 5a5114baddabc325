from __future__ import annotations

import numpy as np
import pytest

from edge.model.crop import crop, scale
from edge.values import Box, Grey


@pytest.fixture
def ramp() -> Grey:
    """Each pixel's value is its column."""
    return np.tile(np.arange(200, dtype=np.uint8), (150, 1))


@pytest.mark.parametrize(
    ("box", "margin", "square"),
    [
        (Box(40, 30, 64, 64), 0.0, Box(40, 30, 64, 64)),
        (Box(50, 50, 50, 50), 0.1, Box(45, 45, 60, 60)),
        (Box(50, 50, 20, 40), 0.0, Box(40, 50, 40, 40)),
    ],
)
def test_a_crop_is_square_with_a_margin(ramp: Grey, box: Box, margin: float, square: Box) -> None:
    assert np.array_equal(crop(ramp, box, size=square.w, margin=margin), square.cut(ramp))


@pytest.mark.parametrize("box", [Box(-20, -20, 40, 40), Box(180, 130, 40, 40)])
def test_edge_pixels_repeat_beyond_the_edge(ramp: Grey, box: Box) -> None:
    cut = crop(ramp, box, size=40, margin=0.0)
    columns = np.clip(np.arange(box.x, box.x + 40), 0, 199)
    assert np.array_equal(cut, np.tile(columns.astype(np.uint8), (40, 1)))


def test_scaling_down_averages() -> None:
    stripes = np.zeros((128, 128), np.uint8)
    stripes[:, ::2] = 200
    assert np.all(scale(stripes, 64) == 100)


def test_a_box_outside_the_picture_is_refused(ramp: Grey) -> None:
    with pytest.raises(ValueError, match="expected a box that overlaps the picture"):
        crop(ramp, Box(300, 10, 40, 40), size=64, margin=0.1)
