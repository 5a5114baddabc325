from __future__ import annotations

from typing import Any

import pytest

from convert import ConvertError
from convert.audit import check_int8

keras = pytest.importorskip("keras", reason="TensorFlow is not installed here")
tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed here")


@pytest.mark.parametrize("input_type", [tf.float32, tf.int8])
def test_a_float_tensor_is_named(input_type: Any) -> None:
    inputs = keras.Input(batch_shape=(1, 8, 8, 1))
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(inputs)))
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if input_type == tf.int8:  # weights quantized, activations not: int8 ends, float inside
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    with pytest.raises(ConvertError, match="expected int8, got float32"):
        check_int8(converter.convert())
