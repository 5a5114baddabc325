"""The device's path and two common paths on the same scenes, each path in its own process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict
from typing import Any

from benchmarks.measure.paths import PATHS, SceneFigures, float_model_ms, show
from benchmarks.processes import memory_mb, own_process
from benchmarks.simulate.scenes import FOUR, ONE, WALKING, Scene

STAGES = ("frame", "faces", "classifier", "trigger")
ROW = "{:28} {:9} {:>5}" + " {:>13}" * len(STAGES) + " {:>6} {:>6} {:>7} {:>5}"
HEAD = ("scene", "path", "fps", *STAGES, "recall", "error", "first s", "CPU %")


def compare_paths(
    scenes: Sequence[Scene],
    frames: int,
    slow_frames: int,
    *,
    show: Callable[[Scene, int, str], SceneFigures] = show,
    float_model_ms: Callable[[], dict[str, float]] = float_model_ms,
    own_process: Callable[[], AbstractContextManager[Executor]] = own_process,
) -> dict[str, Any]:
    """Measure all paths on all scenes, and print a line for each path and scene.

    Args:
        scenes: to show; ``WALKING``, ``ONE`` and ``FOUR`` must be among them.
        frames: of each scene for the device's path.
        slow_frames: of each scene for the two common paths, which are slow.
        show: measures a path, by its name, on so many frames of a scene.
        float_model_ms: measures the float model of the naive path.
        own_process: starts a process for a path.

    Returns:
        What was printed, and ``scenes``, the figures by scene and path.
    """
    figures: dict[str, Any] = {"scenes": {}}
    print("times in ms, median/99th percentile; classifier: whatever judges smiles")
    print(ROW.format(*HEAD))
    with ExitStack() as stack:
        processes = {name: stack.enter_context(own_process()) for name in PATHS}
        for scene in scenes:
            by_path = figures["scenes"][scene.name] = {}
            for name, process in processes.items():
                count = frames if name == "this" else slow_frames
                of_path = process.submit(show, scene, count, name).result()
                by_path[name] = asdict(of_path)
                print(_row(scene.name, name, of_path), flush=True)
        figures["peak_memory_mb"] = {
            name: process.submit(memory_mb, "VmHWM").result() for name, process in processes.items()
        }
        figures["float_model_ms"] = processes["naive"].submit(float_model_ms).result()
    one, four = (
        figures["scenes"][scene.name]["this"]["median_ms"]["frame"] for scene in (ONE, FOUR)
    )
    figures["further_face_ms"] = (four - one) / (FOUR.faces - ONE.faces)
    walking = figures["scenes"][WALKING.name]
    figures["times_naive"] = walking["this"]["fps"] / walking["naive"]["fps"]
    return figures


def _row(scene: str, path: str, figures: SceneFigures) -> str:
    times = {name: f"{ms:.2f}/{figures.p99_ms[name]:.2f}" for name, ms in figures.median_ms.items()}
    return ROW.format(
        scene,
        path,
        f"{figures.fps:.0f}",
        *(times.get(stage, "-") for stage in STAGES),
        f"{figures.recall:.3f}",
        f"{figures.box_error:.3f}",
        f"{figures.first_s:.2f}",
        f"{100 * figures.cpu_per_s:.0f}",
    )
