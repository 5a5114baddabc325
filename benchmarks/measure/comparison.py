"""This path and two common ones on the same scenes, each in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

from benchmarks.measure.footprint import memory_mb
from benchmarks.measure.paths import PATHS, Figures, float_model_ms, show
from benchmarks.measure.process import own_process
from benchmarks.simulate.scenes import FOUR, ONE, WALKING, Scene

STAGES = ("frame", "faces", "classifier", "trigger")
ROW = "{:28} {:9} {:>5}" + " {:>13}" * len(STAGES) + " {:>6} {:>6} {:>7} {:>5}"
HEAD = ("scene", "path", "fps", *STAGES, "recall", "error", "first s", "CPU %")


def compare(scenes: Sequence[Scene], frames: int, slow_frames: int) -> dict[str, Any]:
    """Measure all paths on all scenes, and print a line for each.

    Args:
        scenes: what to show: a walking face, and the two of one and of four still faces.
        frames: of each scene for this path.
        slow_frames: for the two slow ones, who are shown a shorter scene.

    Returns:
        What was printed, for people and programs.
    """
    figures: dict[str, Any] = {"scenes": {}}
    print("times in ms, median/99th percentile; classifier: whatever judges smiles")
    print(ROW.format(*HEAD))
    with ExitStack() as stack:
        processes = {name: stack.enter_context(own_process()) for name in PATHS}
        for scene in scenes:
            shown = figures["scenes"][scene.name] = {}
            for name, process in processes.items():
                count = frames if name == "this" else slow_frames
                found = process.submit(show, scene, count, name).result()
                shown[name] = asdict(found)
                print(_row(scene.name, name, found), flush=True)
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


def _row(scene: str, path: str, found: Figures) -> str:
    times = [
        f"{found.median_ms[stage]:.2f}/{found.p99_ms[stage]:.2f}"
        if stage in found.median_ms
        else "-"
        for stage in STAGES
    ]
    return ROW.format(
        scene,
        path,
        f"{found.fps:.0f}",
        *times,
        f"{found.recall:.3f}",
        f"{found.box_error:.3f}",
        f"{found.first_s:.2f}",
        f"{100 * found.cpu_per_s:.0f}",
    )
