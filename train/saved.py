"""The float models that ``fit`` saves."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def load_model(path: Path) -> keras.Model:
    """Return a saved Keras model: float32 (n, side, side, 1) luma 0.0-1.0 -> (n, 1) probability.

    Importing TensorFlow for it takes seconds.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    return keras.models.load_model(path, compile=False)
