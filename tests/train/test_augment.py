from __future__ import annotations

import numpy as np

from edge.values import Grey
from train.augment import augment


def test_is_random_but_repeatable_and_leaves_its_input_alone(hopper: Grey) -> None:
    crop = np.ascontiguousarray(hopper[100:180, 150:230])
    before = crop.copy()
    one, same, other = (augment(crop, 64, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one.shape == (64, 64)
    assert one.dtype == np.uint8
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert np.array_equal(crop, before)


def test_keeps_what_is_in_the_middle() -> None:
    crop = np.full((80, 80), 40, np.uint8)
    crop[30:50, 30:50] = 200
    rng = np.random.default_rng(3)
    changed = [augment(crop, 64, rng) for _ in range(50)]
    centre = np.mean([out[28:36, 28:36] for out in changed])
    corner = np.mean([out[:6, :6] for out in changed])
    assert centre > corner + 60
