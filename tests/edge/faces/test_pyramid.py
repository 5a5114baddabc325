from __future__ import annotations

import numpy as np
import pytest

from edge.faces.pyramid import downscale, halve


def test_a_halved_picture_is_the_means_of_four_pixels() -> None:
    picture = np.array([[0, 10, 8, 8, 99], [20, 10, 8, 8, 99], [99] * 5], np.uint8)
    assert halve(picture).tolist() == [[10, 8]]


@pytest.mark.parametrize("factor", [1.0, 1.5, 2.0, 3.2, 8.1])
@pytest.mark.parametrize("shape", [(480, 640), (679, 1131), (1, 1000), (3, 2)])
def test_a_picture_is_divided_and_stays_in_place(shape: tuple[int, int], factor: float) -> None:
    ramp = np.tile(np.linspace(0, 255, shape[1]), (shape[0], 1)).astype(np.uint8)
    small = downscale(ramp, factor)
    assert small.shape == tuple(max(1, round(side / factor)) for side in shape)
    if shape[1] > 100:
        expected = np.linspace(0, 255, small.shape[1])
        assert np.abs(small - expected).max() < 3


def test_noise_is_averaged_out() -> None:
    noise = np.random.default_rng(1).normal(100, 16, (480, 640)).astype(np.uint8)
    assert float(downscale(noise, 4.0).std()) < 5


def test_a_picture_divided_by_one_is_a_copy() -> None:
    picture = np.zeros((20, 20), np.uint8)
    downscale(picture, 1.0)[:] = 9
    assert not picture.any()
