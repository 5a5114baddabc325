"""Training batches: shuffled, repeated by set and augmented, reproducibly."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from edge.values import Grey
from train.augment import augment
from train.crops import Crop, as_input
from train.datasets import Picture
from train.recipes import Recipe

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Examples:
    """Pictures in which a face was detected, and their crops, in the same order."""

    pictures: list[Picture]
    pixels: list[Grey]

    @classmethod
    def of(cls, crops: Iterable[Crop]) -> Examples:
        """Leave out the crops without a face."""
        pairs = [(crop.picture, crop.pixels) for crop in crops if crop.pixels is not None]
        return cls([picture for picture, _ in pairs], [pixels for _, pixels in pairs])

    @property
    def labels(self) -> Floats:
        """1.0 smiling, 0.0 not: float32 (n, 1)."""
        return np.array([[picture.smiling] for picture in self.pictures], np.float32)

    @property
    def weights(self) -> Floats:
        """Weights, 1.0 on average, that give every set the same total: float32 (n,)."""
        sizes = Counter(picture.dataset for picture in self.pictures)
        total = len(self.pictures) / len(sizes)
        return np.array([total / sizes[picture.dataset] for picture in self.pictures], np.float32)


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Augmented training batches. Each epoch and batch has its own seed, so that a resumed
    run continues with the batches of an uninterrupted run.

    Args:
        examples: pictures with their crops, which have context around the model's view.
        recipe: batch size, input size, how often to show each set.
        seed: of order and augmentation.
        epoch: the epoch to begin with, from 0.
    """

    def __init__(self, examples: Examples, recipe: Recipe, seed: int, epoch: int) -> None:
        super().__init__()
        self._pixels = examples.pixels
        self._labels = examples.labels
        self._repeats = [recipe.repeats.get(p.dataset, 1) for p in examples.pictures]
        self._recipe = recipe
        self._seed = seed
        self._epoch = epoch - 1
        self.on_epoch_begin()

    def on_epoch_begin(self) -> None:
        self._epoch += 1
        rng = np.random.default_rng((self._seed, self._epoch))
        self._order = rng.permutation(np.repeat(np.arange(len(self._pixels)), self._repeats))

    def __len__(self) -> int:
        return math.ceil(len(self._order) / self._recipe.batch_size)

    def __getitem__(self, index: int) -> tuple[Floats, Floats]:
        rng = np.random.default_rng((self._seed, self._epoch, index))
        step = self._recipe.batch_size
        chosen = self._order[index * step : (index + 1) * step]
        inputs = as_input(augment(self._pixels[i], self._recipe.input_size, rng) for i in chosen)
        return inputs, self._labels[chosen]
