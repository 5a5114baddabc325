from __future__ import annotations

import numpy as np
import pytest

from edge.model.crop import crop, scale
from edge.values import Box, Grey


@pytest.fixture
def noise() -> Grey:
    """No two parts of it are alike."""
    return np.random.default_rng(1).integers(0, 256, (150, 200), np.uint8)


@pytest.mark.parametrize(
    ("box", "margin", "square"),
    [
        (Box(40, 30, 64, 64), 0.0, Box(40, 30, 64, 64)),
        (Box(50, 50, 50, 50), 0.1, Box(45, 45, 60, 60)),
        (Box(50, 50, 20, 40), 0.0, Box(40, 50, 40, 40)),
        (Box(50, 50, 40, 20), 0.0, Box(50, 40, 40, 40)),
    ],
)
def test_a_crop_is_square_with_a_margin(noise: Grey, box: Box, margin: float, square: Box) -> None:
    assert np.array_equal(crop(noise, box, size=square.w, margin=margin), square.cut(noise))


@pytest.mark.parametrize(
    ("x", "y"), [(-20, -20), (180, 130), (-1, 20), (161, 20), (20, -1), (20, 111), (20, 130)]
)
def test_edge_pixels_repeat_beyond_the_edge(noise: Grey, x: int, y: int) -> None:
    columns = np.clip(np.arange(x, x + 40), 0, 199)
    rows = np.clip(np.arange(y, y + 40), 0, 149)
    cut = crop(noise, Box(x, y, 40, 40), size=40, margin=0.0)
    assert np.array_equal(cut, noise[np.ix_(rows, columns)])


def test_the_smallest_crop_is_a_pixel(noise: Grey) -> None:
    assert np.all(crop(noise, Box(50, 60, 0, 0), size=2, margin=0.0) == noise[60, 50])


def test_scaling_down_averages() -> None:
    stripes = np.zeros((128, 128), np.uint8)
    stripes[:, ::2] = 200
    assert np.all(scale(stripes, 64) == 100)


@pytest.mark.parametrize("width", [2, 4])
def test_scaling_up_interpolates(width: int) -> None:
    """Also where one side has its size already."""
    halves = np.repeat(np.array([[0], [100]], np.uint8), width, axis=1)
    assert scale(halves, 4)[:, 0].tolist() == [0, 25, 75, 100]


def test_a_box_outside_the_picture_is_refused(noise: Grey) -> None:
    with pytest.raises(ValueError, match="expected a box that overlaps the picture"):
        crop(noise, Box(300, 10, 40, 40), size=64, margin=0.1)
