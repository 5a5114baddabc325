"""How fast a path processes a scene, and how well it detects the scene's faces."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from benchmarks.measure.paths import PATHS, FramePath
from benchmarks.simulate.scenes import FPS, Scene
from edge.pipeline import Timings
from edge.values import Box, Frame

DETECTED_IOU = 0.4


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
