"""The device's path from a frame to scored faces, two common paths to compare it with, and how fast
and how well a path processes a scene."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

import cv2
import numpy as np

from benchmarks.bundle import device_settings
from benchmarks.measure.windows import median_s
from benchmarks.simulate.scenes import FPS, Scene
from convert import load_model
from edge.faces.haar import find_cascade
from edge.model.crop import crop
from edge.model.open import open_classifier
from edge.model.tflite import quiet_stderr
from edge.pipeline import Timings, open_stages
from edge.settings import SHIPPED_BUNDLE, ModelSettings, Settings
from edge.values import Box, Frame, Grey

DETECTED_IOU = 0.4

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


@dataclass(frozen=True, slots=True)
class SceneFigures:
    """What a path did with a scene.

    Attributes:
        fps: frames per second on one core.
        median_ms: by stage; ``frame`` is all stages, ``classifier`` whatever scores smiles.
        p99_ms: 99th percentile, by stage.
        recall: share of the true faces that were detected, 1.0 of no faces.
        box_error: mean distance of the centres of detected and true boxes, in face widths.
        false: boxes a frame that are on no face.
        first_s: from the first true face to the first detected face, in the scene's seconds.
        cpu_per_s: seconds of processor for a second of video at 30 frames per second.
    """

    fps: float
    median_ms: dict[str, float]
    p99_ms: dict[str, float]
    recall: float
    box_error: float
    false: float
    first_s: float
    cpu_per_s: float


def show(scene: Scene, frames: int, path: str) -> SceneFigures:
    """Show a scene to the path of a name in ``PATHS``."""
    return measure_path(scene.render(frames), PATHS[path]())


def measure_path(film: Iterable[tuple[Frame, list[Box]]], process: FramePath) -> SceneFigures:
    """Show frames with the boxes of their faces to a path, as fast as it processes them."""
    timings = Timings()
    errors, true_at, detected_at = [], [], []
    false, cpu = 0, 0.0
    for frame, faces in film:
        cpu -= time.process_time()
        with timings.stage("frame"):
            boxes = process(frame, timings)
        cpu += time.process_time()
        timings.frames += 1
        for face in faces:
            true_at.append(frame.time)
            nearest = max(boxes, key=face.iou, default=None)
            if nearest is not None and face.iou(nearest) > DETECTED_IOU:
                detected_at.append(frame.time)
                across = nearest.x + nearest.w / 2 - face.x - face.w / 2
                down = nearest.y + nearest.h / 2 - face.y - face.h / 2
                errors.append(float(np.hypot(across, down)) / face.w)
        false += sum(all(box.iou(face) < DETECTED_IOU / 2 for face in faces) for box in boxes)
    stages = {name: list(kept) for name, kept in timings.stages.items() if kept}
    return SceneFigures(
        fps=timings.frames / sum(stages["frame"]),
        median_ms=timings.medians_ms(),
        p99_ms={name: float(np.percentile(kept, 99)) * 1e3 for name, kept in stages.items()},
        recall=len(detected_at) / len(true_at) if true_at else 1.0,
        box_error=statistics.fmean(errors) if errors else 0.0,
        false=false / timings.frames,
        first_s=detected_at[0] - true_at[0] if detected_at else 0.0,
        cpu_per_s=cpu / timings.frames * FPS,
    )
