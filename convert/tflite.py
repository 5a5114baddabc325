"""Keras models to TFLite: float32 for comparisons, full int8 for the device.

TensorFlow, whose import takes seconds, is imported by the functions that need it.
"""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convert.errors import ConvertError

if TYPE_CHECKING:
    import keras


def load_model(path: Path) -> keras.Model:
    """Return a saved Keras model: float32 (n, side, side, 1) luma 0.0-1.0 -> (n, 1) probability.

    Raises:
        ConvertError: no such file, not a Keras model, or a model with other shapes.
    """
    if not path.is_file():
        raise ConvertError(f"{path}: expected a .keras file, got no file there")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    try:
        model = keras.models.load_model(path, compile=False)
    except Exception as error:  # Keras raises whatever the broken part raised
        reason = str(error).strip().partition("\n")[0]
        raise ConvertError(f"{path}: expected a Keras model, got: {reason}") from error
    shape, result = tuple(model.input_shape), tuple(model.output_shape)
    side = shape[1] if len(shape) > 1 else None
    if side is None or shape[1:] != (side, side, 1) or result[1:] != (1,):
        raise ConvertError(
            f"{path}: expected a model (n, side, side, 1) -> (n, 1), got {shape} -> {result}"
        )
    return model


def float_tflite(path: Path) -> bytes:
    """Return a saved Keras model as a float32 TFLite model for one face at a time.

    Raises:
        ConvertError: no such file, not a Keras model, or a model with other shapes.
    """
    return _run(_converter(load_model(path)))


def int8_tflite(
    model: keras.Model, calibration: NDArray[np.float32], *, edgetpu: bool = False
) -> bytes:
    """Return a Keras model as a TFLite model for one face at a time, int8 from input to output.

    Args:
        model: (n, side, side, 1) luma 0.0-1.0 -> (n, 1) probability.
        calibration: typical inputs, (n, side, side, 1), from which ranges of activations are
            taken. Two pixels of the first are made black and white, so that one grey level is one
            int8 step.
        edgetpu: give each dense layer a single scale, as the Edge TPU's compiler knows no other.
    """
    import tensorflow as tf

    calibration = calibration.copy()
    calibration[0, 0, 0], calibration[0, 0, -1] = 0.0, 1.0

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for luma in calibration:
            yield [luma[None]]

    converter = _converter(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    # The converter has no public switch for it (tensorflow/lite/python/lite.py).
    converter._experimental_disable_per_channel_quantization_for_dense_layers = edgetpu  # noqa: SLF001
    return _run(converter)


def _converter(model: keras.Model) -> Any:
    """Return a converter for the batch size of the device, 1, which has to be written down."""
    import keras
    import tensorflow as tf

    inputs = keras.Input(batch_shape=(1, *model.input_shape[1:]), name="luma")
    single = keras.Model(inputs, model(inputs), name=model.name)
    return tf.lite.TFLiteConverter.from_keras_model(single)


def _run(converter: Any) -> bytes:
    """Convert without what Keras and TFLite print: the graph's signature, and warnings about the
    calibration inputs."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bytes(converter.convert())
