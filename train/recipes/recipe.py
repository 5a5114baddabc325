"""What a recipe says: a network and how it is fitted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Recipe:
    """A network and its fitting.

    Attributes:
        build: makes the untrained Keras model: float32 input (batch, input_size, input_size, 1),
            luma 0.0-1.0; output (batch, 1), probability of a smile.
        input_size: side of the input in pixels.
        crop_margin: share of the face box added on each side before the crop.
        epochs: passes over the training pictures, at most.
        patience: epochs without a better validation loss before fitting stops.
        batch_size: pictures a step.
        learning_rate: at its peak; it rises for an epoch, then falls along a half cosine to 0.
        weight_decay: of AdamW.
        label_smoothing: share by which labels are drawn towards 0.5.
        repeats: how often an epoch shows each picture of a set; 1 where not named.
    """

    build: Callable[[int], keras.Model]
    input_size: int
    crop_margin: float
    epochs: int
    patience: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    label_smoothing: float
    repeats: dict[str, int]
