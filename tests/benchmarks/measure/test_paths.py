from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import benchmarks.__main__ as benchmarks
from benchmarks.measure import comparison, paths
from benchmarks.measure.comparison import compare
from benchmarks.measure.footprint import memory_mb
from benchmarks.measure.paths import PATHS, Figures, as_batch, float_model, measure, show
from benchmarks.measure.process import own_process
from benchmarks.simulate.scenes import FOUR, ONE, WALKING, Scene
from edge.model.classifier import Classifier
from edge.model.crop import crop
from edge.pipeline import Timings
from edge.values import Box, Frame, Grey


def test_scenes_are_the_same_each_time_and_say_where_the_faces_are() -> None:
    for scene in (Scene(1, "walking"), Scene(4, "entering"), Scene(12, "still", (1131, 679))):
        film, again = list(scene.render(12)), list(scene.render(12))
        pairs = zip(film, again, strict=True)
        assert all((one.grey == two.grey).all() for (one, _), (two, _) in pairs)
        assert film[6][0].grey.shape == scene.size[::-1]
        assert max(len(boxes) for _, boxes in film) <= scene.faces
    assert len(next(Scene(12).render(1))[1]) == 12
    comes_and_goes = [len(boxes) for _, boxes in Scene(1, "entering").render(16)]
    assert comes_and_goes == [0] * 4 + [1] * 8 + [0] * 4


def test_a_dim_scene_is_dim_and_the_same_else() -> None:
    (bright, boxes), (dim, same) = (next(replace(WALKING, light=one).render(1)) for one in (1, 0.2))
    assert boxes == same
    assert dim.grey.mean() == pytest.approx(0.2 * bright.grey.mean(), rel=0.05)


def test_a_path_is_held_against_the_truth() -> None:
    film = list(Scene(1).render(4))
    face = film[0][1][0]
    beside = Box(face.x + 11, face.y, face.w, face.h)
    judged = iter([[], [beside], [beside, Box(0, 0, 50, 50)], [beside]])

    def judge(_: Frame, timings: Timings) -> list[Box]:
        with timings.stage("faces"):
            return next(judged)

    found = measure(film, judge)
    assert found.recall == 0.75
    assert found.box_error == pytest.approx(0.1, abs=0.02)
    assert found.false == 0.25
    assert found.first_s == pytest.approx(1 / 30)
    assert set(found.median_ms) == set(found.p99_ms) == {"faces", "frame"}
    assert 0 < found.median_ms["faces"] < found.median_ms["frame"] <= found.p99_ms["frame"]


@pytest.mark.parametrize("name", PATHS)
def test_each_path_finds_the_face_and_times_its_stages(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "float_model", lambda: None)
    found = show(WALKING, 2, name)
    assert found.recall == 1.0
    stages = {"frame", "faces", "classifier"} | ({"trigger"} if name == "this" else set())
    assert set(found.median_ms) == stages


def test_the_naive_path_judges_with_the_float_model(
    hopper: Grey, collins: Grey, classifier: Classifier
) -> None:
    pytest.importorskip("tensorflow")
    for portrait, box in ((hopper, Box(151, 103, 226, 226)), (collins, Box(175, 65, 99, 99))):
        pixels = crop(portrait, box, size=64, margin=classifier.manifest.input.crop_margin)
        score = float(float_model().predict_on_batch(as_batch(pixels))[0, 0])
        assert score == pytest.approx(classifier.infer(pixels), abs=0.1)


def test_without_tensorflow_there_is_no_float_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "find_spec", lambda _: None)
    float_model.cache_clear()
    assert paths.float_model_ms() == {}
    assert show(WALKING, 1, "naive").recall == 1.0
    float_model.cache_clear()


def test_importing_the_benchmarks_does_not_import_tensorflow() -> None:
    code = "import sys, benchmarks.__main__; print({'tensorflow', 'keras'} & {*sys.modules})"
    assert subprocess.check_output([sys.executable, "-c", code]) == b"set()\n"


def test_a_path_has_a_process_with_memory_of_its_own() -> None:
    ours = np.ones(400 * 2**20, np.uint8)
    with own_process() as process:
        assert process.submit(memory_mb, "VmHWM").result() < memory_mb("VmRSS") - 300
    assert ours.all()


def test_prints_and_keeps_the_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ms = {"this": 2.0, "naive": 31.0, "cascades": 40.0}

    def shown(scene: Scene, frames: int, name: str) -> Figures:
        assert frames == (90 if name == "this" else 8)
        stages = {"frame": ms[name] + scene.faces, "faces": 1.0, "classifier": 0.5}
        fps = 1e3 / stages["frame"]
        return Figures(fps, stages, stages, 0.75, 0.01, 0.0, 0.25, 0.5)

    monkeypatch.setattr(comparison, "own_process", lambda: ThreadPoolExecutor(1))
    monkeypatch.setattr(comparison, "show", shown)
    monkeypatch.setattr(comparison, "float_model_ms", lambda: {"predict_on_batch": 1.0})
    monkeypatch.setattr(
        benchmarks,
        "compare",
        lambda _, **counts: compare([WALKING, ONE, FOUR], **counts),
    )
    run = {"ready_s": 0.5, "cpu_per_s": 0.125, "peak_memory_mb": 84.0}
    monkeypatch.setattr(benchmarks, "run_command", lambda _: run)
    assert benchmarks.main(["pipeline", "--quick", "--json", str(tmp_path / "figures.json")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "one walking face: 10.7 times the naive path"
    assert "a further known face: 1.00 ms" in lines
    assert any("32.00/32.00" in line and "0.750" in line for line in lines)
    assert any("0.50 s" in line and "12.5 %" in line and "84 MB" in line for line in lines)
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert set(figures["scenes"][WALKING.name]) == set(figures["peak_memory_mb"]) == set(PATHS)
    assert figures["scenes"][FOUR.name]["this"]["median_ms"]["frame"] == 6.0
    assert figures["run"] == run
