from __future__ import annotations

import subprocess
import sys
from functools import partial

import pytest

from benchmarks.measure import paths
from benchmarks.simulate.scenes import WALKING, Scene
from edge.model.classifier import Classifier
from edge.model.crop import crop
from edge.pipeline import Timings
from edge.values import Box, Frame, Grey


def test_the_naive_path_scores_with_the_float_model(
    hopper: Grey, collins: Grey, classifier: Classifier
) -> None:
    pytest.importorskip("tensorflow")
    for portrait, box in ((hopper, Box(151, 103, 226, 226)), (collins, Box(175, 65, 99, 99))):
        pixels = crop(portrait, box, size=64, margin=classifier.manifest.input.crop_margin)
        score = float(paths.float_model().predict_on_batch(paths.as_batch(pixels))[0, 0])
        assert score == pytest.approx(classifier.infer(pixels), abs=0.1)


def test_without_tensorflow_there_is_no_float_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    paths.float_model.cache_clear()
    assert paths.float_model_ms() == {}
    assert paths.show(WALKING, 1, "naive").recall == 1.0
    paths.float_model.cache_clear()


def test_importing_the_benchmarks_does_not_import_tensorflow() -> None:
    code = "import sys, benchmarks.__main__; print({'tensorflow', 'keras'} & {*sys.modules})"
    assert subprocess.check_output([sys.executable, "-c", code]) == b"set()\n"


def test_a_path_is_compared_with_the_true_faces() -> None:
    film = list(Scene(1).render(4))
    face = film[0][1][0]
    beside = Box(face.x + 11, face.y, face.w, face.h)
    detections = iter([[], [beside], [beside, Box(0, 0, 50, 50)], [beside]])

    def process(_: Frame, timings: Timings) -> list[Box]:
        with timings.stage("faces"):
            return next(detections)

    figures = paths.measure_path(film, process)
    assert figures.recall == 0.75
    assert figures.box_error == pytest.approx(0.1, abs=0.02)
    assert figures.false == 0.25
    assert figures.first_s == pytest.approx(1 / 30)
    assert set(figures.median_ms) == set(figures.p99_ms) == {"faces", "frame"}
    assert 0 < figures.median_ms["faces"] < figures.median_ms["frame"] <= figures.p99_ms["frame"]


@pytest.mark.parametrize(
    ("path", "stages"),
    [
        (paths.device_path, {"frame", "faces", "classifier", "trigger"}),
        (partial(paths.naive_path, keras=False), {"frame", "faces", "classifier"}),
        (paths.cascades_path, {"frame", "faces", "classifier"}),
    ],
    ids=["device", "naive", "cascades"],
)
def test_each_path_detects_the_face_and_times_its_stages(
    path: partial[paths.FramePath], stages: set[str]
) -> None:
    figures = paths.measure_path(WALKING.render(2), path())
    assert figures.recall == 1.0
    assert set(figures.median_ms) == stages
