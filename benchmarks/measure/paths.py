"""Ways from a frame to scored faces: the device's path and two common paths to compare it with."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any

import cv2
import numpy as np

from benchmarks.bundle import device_settings
from benchmarks.measure.windows import median_s
from convert import load_model
from edge.faces.haar import find_cascade
from edge.model.crop import crop
from edge.model.open import open_classifier
from edge.model.tflite import quiet_stderr
from edge.pipeline import Timings, open_stages
from edge.settings import SHIPPED_BUNDLE, ModelSettings, Settings
from edge.values import Box, Frame, Grey

FramePath = Callable[[Frame, Timings], list[Box]]
"""Processes a frame, times the stages, and returns the boxes of the faces that it detected."""


def device_path() -> FramePath:
    """Return the path as the device runs it: tracker, classifier, trigger."""
    tracker, classifier, trigger = open_stages(device_settings())

    def process(frame: Frame, timings: Timings) -> list[Box]:
        with timings.stage("faces"):
            faces = tracker.find(frame)
        with timings.stage("classifier"):
            scores = [classifier.score(frame, face) for face in faces]
        with timings.stage("trigger"):
            trigger.step(frame.time, scores)
        return [face.box for face in faces]

    return process


def whole_frame_path(score: Callable[[Grey, Box], object]) -> FramePath:
    """Return the path of webcam demos: OpenCV's frontal face cascade searches the whole of each
    frame (scale steps of 1.1, 5 neighbours, from 30 px), then each face in turn is scored."""
    cascade = cv2.CascadeClassifier(str(find_cascade("haarcascade_frontalface_default.xml")))

    def process(frame: Frame, timings: Timings) -> list[Box]:
        with timings.stage("faces"):
            detections = cascade.detectMultiScale(frame.grey, 1.1, 5, minSize=(30, 30))
            boxes = [Box(*map(int, detection)) for detection in detections]
        with timings.stage("classifier"):
            for box in boxes:
                score(frame.grey, box)
        return boxes

    return process


@cache
def float_model() -> Any:
    """Return the Keras model of which the shipped int8 model was made; None without TensorFlow."""
    if find_spec("tensorflow") is None:
        return None
    with quiet_stderr():  # TensorFlow greets there
        return load_model(SHIPPED_BUNDLE / "smilenet.keras")


def as_batch(pixels: Grey) -> np.ndarray[Any, Any]:
    """Return a face crop as the float model's input: float32 (1, height, width, 1), 0.0 to 1.0."""
    return (pixels / np.float32(255))[None, ..., None]


def naive_path(*, keras: bool = True) -> FramePath:
    """Return the path of webcam demos with a float model, which scores a face a call.

    The call is ``predict_on_batch``, the cheapest of Keras' calls, where demos use ``predict``.
    Without TensorFlow, or without ``keras``, this project's int8 model on the CPU scores each face
    once. Both favour this path.
    """
    classifier = open_classifier(Settings(model=ModelSettings(edge_tpu="off")))
    spec, model = classifier.manifest.input, float_model() if keras else None

    def infer(pixels: Grey) -> float:
        if model is None:
            return classifier.infer(pixels)
        return float(model.predict_on_batch(as_batch(pixels))[0, 0])

    infer(np.zeros((spec.height, spec.width), np.uint8))  # the first call compiles the model
    return whole_frame_path(
        lambda grey, box: infer(crop(grey, box, size=spec.width, margin=spec.crop_margin))
    )


def cascades_path() -> FramePath:
    """Return the path of OpenCV's own face and smile cascades."""
    smiles = cv2.CascadeClassifier(str(find_cascade("haarcascade_smile.xml")))

    def score(grey: Grey, box: Box) -> object:
        x, y, w, h = box
        return smiles.detectMultiScale(grey[y + h // 2 : y + h, x : x + w], 1.7, 22)

    return whole_frame_path(score)


PATHS: dict[str, Callable[[], FramePath]] = {
    "this": device_path,
    "naive": naive_path,
    "cascades": cascades_path,
}


def float_model_ms(calls: int = 10) -> dict[str, float]:
    """Return the float model's median time for one face in milliseconds, by the Keras method that
    is called; empty without TensorFlow."""
    model = float_model()
    if model is None:
        return {}
    face = as_batch(np.zeros(model.input_shape[1:3], np.uint8))
    methods: dict[str, Callable[[], Any]] = {
        "predict_on_batch": lambda: model.predict_on_batch(face),
        "predict": lambda: model.predict(face, verbose=0),
    }
    return {name: median_s(call, calls) * 1e3 for name, call in methods.items()}
