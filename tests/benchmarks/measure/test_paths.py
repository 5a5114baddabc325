from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.measure.paths import as_batch, float_model, float_model_ms
from benchmarks.measure.scene_figures import show
from benchmarks.simulate.scenes import WALKING
from edge.model.classifier import Classifier
from edge.model.crop import crop
from edge.values import Box, Grey


def test_the_naive_path_scores_with_the_float_model(
    hopper: Grey, collins: Grey, classifier: Classifier
) -> None:
    pytest.importorskip("tensorflow")
    for portrait, box in ((hopper, Box(151, 103, 226, 226)), (collins, Box(175, 65, 99, 99))):
        pixels = crop(portrait, box, size=64, margin=classifier.manifest.input.crop_margin)
        score = float(float_model().predict_on_batch(as_batch(pixels))[0, 0])
        assert score == pytest.approx(classifier.infer(pixels), abs=0.1)


def test_without_tensorflow_there_is_no_float_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    float_model.cache_clear()
    assert float_model_ms() == {}
    assert show(WALKING, 1, "naive").recall == 1.0
    float_model.cache_clear()


def test_importing_the_benchmarks_does_not_import_tensorflow() -> None:
    code = "import sys, benchmarks.__main__; print({'tensorflow', 'keras'} & {*sys.modules})"
    assert subprocess.check_output([sys.executable, "-c", code]) == b"set()\n"
