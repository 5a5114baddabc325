"""The path from frame to decision, and two ways it is commonly done, held against the truth."""

from __future__ import annotations

import hashlib
import os
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.simulate.scenes import FPS, Scene
from convert import load_model
from edge.faces.haar import HaarDetector, find_cascade
from edge.faces.tracker import FaceTracker
from edge.model.bundle import MANIFEST, load_bundle
from edge.model.classifier import Classifier
from edge.model.crop import crop
from edge.model.tflite import quiet_stderr
from edge.pipeline import Timings
from edge.settings import SHIPPED_BUNDLE, FaceSettings, TriggerSettings
from edge.trigger import Trigger
from edge.values import Box, Frame, Grey

Judge = Callable[[Frame, Timings], list[Box]]
"""Takes a frame all the way, times the stages, and returns the faces it saw."""

FOUND_IOU = 0.4


@dataclass(frozen=True, slots=True)
class Figures:
    """What a path did with a scene.

    Attributes:
        fps: frames per second on one core.
        median_ms: by stage; ``frame`` is all of them, ``classifier`` whatever judges smiles.
        p99_ms: 99th percentile, likewise.
        recall: share of the true faces that were seen, 1.0 of no faces.
        box_error: mean distance of the centres of seen and true boxes, in face widths.
        false: boxes that are on no face, a frame.
        first_s: from the first true face to the first seen, in the scene's seconds.
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


def bundle_folder() -> Path:
    """Return the bundle that is measured: the shipped one, or that which ``smile-gate run`` takes
    from the environment."""
    return Path(os.environ.get("SMILE_GATE_MODEL__BUNDLE", SHIPPED_BUNDLE))


def digest(folder: Path) -> str:
    """Return the SHA-256 of a bundle's manifest, by which reports know the bundle."""
    return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()


def this_path() -> Judge:
    """Return the path as the device runs it: tracker, classifier, trigger."""
    settings = FaceSettings()
    tracker = FaceTracker(HaarDetector(settings), settings)
    classifier = Classifier(load_bundle(bundle_folder()))
    trigger = Trigger(TriggerSettings())

    def judge(frame: Frame, timings: Timings) -> list[Box]:
        with timings.stage("faces"):
            faces = tracker.find(frame)
        with timings.stage("classifier"):
            scores = [classifier.score(frame, face) for face in faces]
        with timings.stage("trigger"):
            trigger.step(frame.time, scores)
        return [face.box for face in faces]

    return judge


def whole_search(cascade: cv2.CascadeClassifier, frame: Frame) -> list[Box]:
    """Search the whole frame as webcam demos do: 1.1 / 5 / 30 px."""
    found = cascade.detectMultiScale(frame.grey, 1.1, 5, minSize=(30, 30))
    return [Box(*(int(value) for value in box)) for box in found]


@cache
def float_model() -> Any:
    """Return the Keras model that the shipped one was made of; None without TensorFlow."""
    if find_spec("tensorflow") is None:
        return None
    with quiet_stderr():  # TensorFlow greets there
        return load_model(SHIPPED_BUNDLE / "smilenet.keras")


def as_batch(pixels: Grey) -> np.ndarray[Any, Any]:
    """Return a face crop as the float model takes it: a batch of one, luma 0.0 to 1.0."""
    return (pixels / np.float32(255))[None, ..., None]


def naive_path(*, keras: bool = True) -> Judge:
    """Return the path of webcam demos: the whole frame is searched each time, and a float model
    judges one face after the other.

    It is called by ``predict_on_batch``, the cheapest of Keras' ways, where demos call ``predict``;
    without TensorFlow, or without ``keras``, this project's int8 model stands in, once a face. Both
    favour this path.
    """
    cascade = cv2.CascadeClassifier(str(find_cascade("haarcascade_frontalface_default.xml")))
    classifier = Classifier(load_bundle(SHIPPED_BUNDLE))
    spec, model = classifier.manifest.input, float_model() if keras else None

    def score(pixels: Grey) -> float:
        if model is None:
            return classifier.infer(pixels)
        return float(model.predict_on_batch(as_batch(pixels))[0, 0])

    score(np.zeros((spec.height, spec.width), np.uint8))  # the first call compiles the model

    def judge(frame: Frame, timings: Timings) -> list[Box]:
        with timings.stage("faces"):
            boxes = whole_search(cascade, frame)
        with timings.stage("classifier"):
            for box in boxes:
                score(crop(frame.grey, box, size=spec.width, margin=spec.crop_margin))
        return boxes

    return judge


def cascades_path() -> Judge:
    """Return the path of OpenCV's own face and smile cascades."""
    faces = cv2.CascadeClassifier(str(find_cascade("haarcascade_frontalface_default.xml")))
    smiles = cv2.CascadeClassifier(str(find_cascade("haarcascade_smile.xml")))

    def judge(frame: Frame, timings: Timings) -> list[Box]:
        with timings.stage("faces"):
            boxes = whole_search(faces, frame)
        with timings.stage("classifier"):
            for x, y, w, h in boxes:
                smiles.detectMultiScale(frame.grey[y + h // 2 : y + h, x : x + w], 1.7, 22)
        return boxes

    return judge


PATHS: dict[str, Callable[[], Judge]] = {
    "this": this_path,
    "naive": naive_path,
    "cascades": cascades_path,
}


def show(scene: Scene, frames: int, path: str) -> Figures:
    """Show a scene to one of the paths."""
    return measure(scene.render(frames), PATHS[path]())


def measure(film: Iterable[tuple[Frame, list[Box]]], judge: Judge) -> Figures:
    """Show frames with known faces to a path, as fast as it takes them."""
    timings = Timings()
    errors: list[float] = []
    seen = true = false = 0
    first_true: float | None = None
    first_seen: float | None = None
    cpu = 0.0
    for frame, faces in film:
        cpu -= time.process_time()
        with timings.stage("frame"):
            boxes = judge(frame, timings)
        cpu += time.process_time()
        timings.frames += 1
        true += len(faces)
        for face in faces:
            first_true = frame.time if first_true is None else first_true
            nearest = max(boxes, key=face.iou, default=None)
            if nearest is not None and face.iou(nearest) > FOUND_IOU:
                seen += 1
                first_seen = frame.time if first_seen is None else first_seen
                across = nearest.x + nearest.w / 2 - face.x - face.w / 2
                down = nearest.y + nearest.h / 2 - face.y - face.h / 2
                errors.append(float(np.hypot(across, down)) / face.w)
        false += sum(all(box.iou(face) < FOUND_IOU / 2 for face in faces) for box in boxes)
    stages = {name: list(kept) for name, kept in timings.stages.items() if kept}
    return Figures(
        fps=timings.frames / sum(stages["frame"]),
        median_ms=timings.medians_ms(),
        p99_ms={name: float(np.percentile(kept, 99)) * 1e3 for name, kept in stages.items()},
        recall=seen / true if true else 1.0,
        box_error=statistics.fmean(errors) if errors else 0.0,
        false=false / timings.frames,
        first_s=first_seen - first_true
        if first_seen is not None and first_true is not None
        else 0.0,
        cpu_per_s=cpu / timings.frames * FPS,
    )


def float_model_ms(calls: int = 10) -> dict[str, float]:
    """Return the median time of the float model for one face, by Keras' ways of calling it; empty
    without TensorFlow."""
    model = float_model()
    if model is None:
        return {}
    face = as_batch(np.zeros(model.input_shape[1:3], np.uint8))
    ways: dict[str, Callable[[], Any]] = {
        "predict_on_batch": lambda: model.predict_on_batch(face),
        "predict": lambda: model.predict(face, verbose=0),
    }
    medians = {}
    for name, call in ways.items():
        call()  # the first compiles
        times = []
        for _ in range(calls):
            started = time.perf_counter()
            call()
            times.append(time.perf_counter() - started)
        medians[name] = statistics.median(times) * 1e3
    return medians
