"""Frames per second of the path from frame to decision, and of two ways it is commonly done."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np

from benchmarks.scenes import FPS, Scene
from edge.classifier import Classifier
from edge.faces import HaarDetector, find_cascade
from edge.frames import Box, Frame
from edge.preprocess import crop
from edge.settings import FaceSettings, TriggerSettings
from edge.tracker import FaceTracker
from edge.trigger import Trigger

Judge = Callable[[Frame], list[Box]]
"""Takes a frame all the way and returns the faces it saw."""

FOUND_IOU = 0.4


@dataclass(frozen=True, slots=True)
class Figures:
    """What a path did with a scene.

    Attributes:
        fps: frames per second on one core.
        median_ms: of a frame.
        p99_ms: 99th percentile of a frame.
        recall: share of the true faces that were seen, 1.0 of no faces.
        box_error: mean distance of the centres of seen and true boxes, in face widths.
        false: boxes that are on no face, a frame.
        first_s: from the first true face to the first seen, in the scene's seconds.
        cpu_per_s: seconds of processor for a second of video at 30 frames per second.
    """

    fps: float
    median_ms: float
    p99_ms: float
    recall: float
    box_error: float
    false: float
    first_s: float
    cpu_per_s: float


def this_path(classifier: Classifier) -> Judge:
    """Return the path as the device runs it: tracker, classifier, trigger."""
    settings = FaceSettings()
    tracker = FaceTracker(HaarDetector(settings), settings)
    trigger = Trigger(TriggerSettings())

    def judge(frame: Frame) -> list[Box]:
        faces = tracker.find(frame)
        trigger.step(frame.time, [classifier.score(frame, face) for face in faces])
        return [face.box for face in faces]

    return judge


def whole_search(cascade: cv2.CascadeClassifier, frame: Frame) -> list[Box]:
    """Search the whole frame as webcam demos do: 1.1 / 5 / 30 px."""
    found = cascade.detectMultiScale(frame.grey, 1.1, 5, minSize=(30, 30))
    return [Box(*(int(value) for value in box)) for box in found]


def naive_path(classifier: Classifier) -> Judge:
    """Return the path of webcam demos: the whole frame is searched each time.

    The model per face is this project's int8 one, once a face, which is faster than the float
    Keras model of such demos: the comparison is in their favour.
    """
    cascade = cv2.CascadeClassifier(str(find_cascade("haarcascade_frontalface_default.xml")))

    def judge(frame: Frame) -> list[Box]:
        boxes = whole_search(cascade, frame)
        for box in boxes:
            size = classifier.manifest.input.width
            classifier.infer(crop(frame.grey, box, size=size, margin=0.1))
        return boxes

    return judge


def cascades_path(_: Classifier) -> Judge:
    """Return the path of OpenCV's own face and smile cascades."""
    faces = cv2.CascadeClassifier(str(find_cascade("haarcascade_frontalface_default.xml")))
    smiles = cv2.CascadeClassifier(str(find_cascade("haarcascade_smile.xml")))

    def judge(frame: Frame) -> list[Box]:
        boxes = whole_search(faces, frame)
        for x, y, w, h in boxes:
            smiles.detectMultiScale(frame.grey[y + h // 2 : y + h, x : x + w], 1.7, 22)
        return boxes

    return judge


PATHS: dict[str, Callable[[Classifier], Judge]] = {
    "this": this_path,
    "naive": naive_path,
    "cascades": cascades_path,
}


def measure(film: Sequence[tuple[Frame, list[Box]]], judge: Judge) -> Figures:
    """Show a scene to a path, frame after frame as fast as it takes them."""
    times, errors = [], []
    seen = true = false = 0
    first_true: float | None = None
    first_seen: float | None = None
    cpu = time.process_time()
    for frame, faces in film:
        started = time.perf_counter()
        boxes = judge(frame)
        times.append(time.perf_counter() - started)
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
    cpu = time.process_time() - cpu
    return Figures(
        fps=len(film) / sum(times),
        median_ms=statistics.median(times) * 1e3,
        p99_ms=float(np.percentile(times, 99)) * 1e3,
        recall=seen / true if true else 1.0,
        box_error=statistics.fmean(errors) if errors else 0.0,
        false=false / len(film),
        first_s=first_seen - first_true
        if first_seen is not None and first_true is not None
        else 0.0,
        cpu_per_s=cpu / len(film) * FPS,
    )


def compare(
    scenes: Sequence[Scene], frames: int, naive_frames: int, classifier: Classifier
) -> dict[str, Any]:
    """Measure all paths on all scenes, on one thread; print a line for each.

    Args:
        scenes: what to show.
        frames: of each scene for this path.
        naive_frames: for the two slow ones.
        classifier: scores smiles.
    """
    cv2.setNumThreads(1)
    figures: dict[str, Any] = {}
    head = ("scene", "path", "fps", "median", "99th ms", "recall", "error", "first s", "CPU %")
    row = "{:34} {:9} {:>6} {:>7} {:>7} {:>6} {:>6} {:>7} {:>6}"
    print(row.format(*head))
    for scene in scenes:
        film = scene.render(frames)
        for name, make in PATHS.items():
            shown = film if name == "this" else film[:naive_frames]
            found = measure(shown, make(classifier))
            figures.setdefault(scene.name, {})[name] = asdict(found)
            print(
                row.format(
                    scene.name,
                    name,
                    f"{found.fps:.0f}",
                    f"{found.median_ms:.2f}",
                    f"{found.p99_ms:.2f}",
                    f"{found.recall:.3f}",
                    f"{found.box_error:.3f}",
                    f"{found.first_s:.2f}",
                    f"{100 * found.cpu_per_s:.0f}",
                )
            )
    figures["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory, scenes included: {figures['peak_memory_mb']:.0f} MB")
    walking = figures[Scene(1, "walking").name]
    times = walking["this"]["fps"] / walking["naive"]["fps"]
    print(f"one walking face: {times:.1f} times the naive path")
    return figures
