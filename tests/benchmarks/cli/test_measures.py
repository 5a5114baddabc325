from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import main
from benchmarks.cli.measures import pipeline
from benchmarks.measure.path_comparison import compare_paths
from benchmarks.measure.paths import PATHS, SceneFigures
from benchmarks.simulate.scenes import FOUR, ONE, WALKING, Scene


def shown(scene: Scene, frames: int, path: str) -> SceneFigures:
    assert frames == (90 if path == "this" else 8)
    ms = {"this": 2.0, "naive": 31.0, "cascades": 40.0}[path] + scene.faces
    stages = {"frame": ms, "faces": 1.0, "classifier": 0.5}
    return SceneFigures(1e3 / ms, stages, stages, 0.75, 0.01, 0.0, 0.25, 0.5)


def compare_shown(_: object, frames: int, slow_frames: int) -> dict[str, Any]:
    return compare_paths(
        [WALKING, ONE, FOUR],
        frames,
        slow_frames,
        show=shown,
        float_model_ms=lambda: {"predict_on_batch": 1.0},
        own_process=lambda: ThreadPoolExecutor(1),
    )


def test_pipeline_prints_and_keeps_its_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = {"ready_s": 0.5, "cpu_per_s": 0.125, "peak_memory_mb": 84.0}
    verb = partial(pipeline, compare_paths=compare_shown, measure_command=lambda _: command)
    arguments = ["pipeline", "--quick", "--json", str(tmp_path / "figures.json")]
    assert main(arguments, pipeline=verb) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "one walking face: 10.7 times the naive path"
    assert "a further known face: 1.00 ms" in lines
    assert any("32.00/32.00" in line and "0.750" in line for line in lines)
    assert any("0.50 s" in line and "12.5 %" in line and "84 MB" in line for line in lines)
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert set(figures["scenes"][WALKING.name]) == set(figures["peak_memory_mb"]) == set(PATHS)
    assert figures["scenes"][FOUR.name]["this"]["median_ms"]["frame"] == 6.0
    assert figures["run"] == command
