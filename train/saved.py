"""The float models that ``fit`` saves."""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


def load_model(path: Path) -> keras.Model:
    """Return a saved Keras model: float32 (n, side, side, 1) luma 0.0-1.0 -> (n, 1) probability.

    Importing TensorFlow for it takes seconds.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    return keras.models.load_model(path, compile=False)


def single(model: keras.Model) -> keras.Model:
    """Return a model for one face at a time, as the device scores: the converter wants the batch
    size written down."""
    import keras

    inputs = keras.Input(batch_shape=(1, *model.input_shape[1:]), name="luma")
    return keras.Model(inputs, model(inputs), name=model.name)


def converted(converter: Any) -> bytes:
    """Return what a TFLite converter makes, without what Keras and it print meanwhile: the graph's
    signature, and warnings of what the sample provides."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bytes(converter.convert())


def float_tflite(path: Path) -> bytes:
    """Return a saved Keras model as a float32 TFLite model for one face at a time.

    Importing TensorFlow for it takes seconds.
    """
    model = load_model(path)
    import tensorflow as tf

    return converted(tf.lite.TFLiteConverter.from_keras_model(single(model)))
