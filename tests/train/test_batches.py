from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from train import cut, load
from train.recipes import RECIPES

pytest.importorskip("keras", reason="TensorFlow is not installed here")

from train.batches import Batches, Examples


def test_a_batch_depends_on_seed_epoch_and_index_only(tiny_sets: Path) -> None:
    crops = cut(load(tiny_sets, ["SMILEsmileD"]), size=64, margin=0.1, context=1.25)
    examples = Examples.of(crops)
    fresh, went_on = (
        Batches(examples, RECIPES["smilenet"], seed=1, epoch=epoch) for epoch in (2, 1)
    )
    assert not np.array_equal(fresh[0][0], went_on[0][0])
    went_on.on_epoch_begin()
    for one, other in zip(fresh[0], went_on[0], strict=True):
        assert np.array_equal(one, other)


def test_sets_are_shown_as_often_as_the_recipe_says(tiny_sets: Path) -> None:
    crops = cut(load(tiny_sets, ["SMILEsmileD", "fer2013"]), size=64, margin=0.1, context=1.25)
    recipe = dataclasses.replace(RECIPES["smilenet"], batch_size=1, repeats={"fer2013": 3})
    assert len(Batches(Examples.of(crops), recipe, seed=1, epoch=0)) == 40 + 3 * 36
