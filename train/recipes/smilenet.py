"""smilenet: a small residual network of plain 3x3 convolutions on 64x64 grey faces.

Residual blocks after He et al. (CVPR 2016), four stages that halve the picture and widen the
layers. Plain convolutions: at this size they are as fast as depthwise ones under int8 kernels,
and train faster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from train.recipes.recipe import Recipe

if TYPE_CHECKING:
    import keras

WIDTHS = (16, 32, 64, 96)


def build(input_size: int) -> keras.Model:
    """Return the untrained model: (batch, size, size, 1) luma 0.0-1.0 -> (batch, 1) smile."""
    import keras

    layers = keras.layers

    def convolve(x: keras.KerasTensor, width: int, stride: int = 1) -> keras.KerasTensor:
        x = layers.Conv2D(width, 3, strides=stride, padding="same", use_bias=False)(x)
        return layers.BatchNormalization(momentum=0.95)(x)

    inputs = keras.Input((input_size, input_size, 1), name="luma")
    x = inputs
    for width in WIDTHS:
        x = layers.ReLU()(convolve(x, width, stride=2))
        branch = layers.ReLU()(convolve(x, width))
        branch = convolve(branch, width)
        x = layers.ReLU()(layers.Add()([x, branch]))
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.3)(x)
    outputs = layers.Dense(1, activation="sigmoid", name="smile")(x)
    return keras.Model(inputs, outputs, name="smilenet")


RECIPE = Recipe(
    build=build,
    input_size=64,
    crop_margin=0.1,
    epochs=40,
    patience=10,
    batch_size=128,
    learning_rate=2e-3,
    weight_decay=0.02,
    label_smoothing=0.05,
    # GENKI-4K is the most like what cameras see, and the smallest.
    repeats={"genki4k": 4},
)
