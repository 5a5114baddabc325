from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from edge.cameras.demo import COLLINS, HOPPER, Portrait
from edge.errors import BundleError
from edge.model.bundle import Quantization, load_bundle, self_test_pictures
from edge.model.classifier import Classifier
from edge.settings import SHIPPED_BUNDLE
from edge.values import Face, Frame
from tests.edge.faces.portraits import face_of

SHIPPED = load_bundle(SHIPPED_BUNDLE)


def with_manifest(**changes: Any) -> Classifier:
    """The shipped model with a changed manifest."""
    manifest = msgspec.structs.replace(SHIPPED.manifest, **changes)
    return Classifier(replace(SHIPPED, manifest=manifest))


def score(classifier: Classifier, portrait: Portrait) -> float:
    face = Face(7, face_of(portrait), 1.0)
    result = classifier.score(Frame(0, 0.0, portrait.read()), face)
    assert result.face is face
    return result.score


@pytest.mark.parametrize(("portrait", "expected"), [(HOPPER, 0.057), (COLLINS, 0.957)])
def test_the_scores_of_the_shipped_model(
    classifier: Classifier, portrait: Portrait, expected: float
) -> None:
    assert score(classifier, portrait) == pytest.approx(expected, abs=Classifier.TOLERANCE)


def test_a_mirror_image_has_the_same_score(classifier: Classifier) -> None:
    for picture in self_test_pictures(64):
        mirrored = np.ascontiguousarray(picture[:, ::-1])
        assert classifier.infer(picture) != classifier.infer(mirrored)
        assert classifier.score_pixels(picture) == classifier.score_pixels(mirrored)


@pytest.mark.parametrize("shape", [(64, 64), (48, 48), (300, 200), (1, 1)])
def test_scores_whole_pictures_of_any_size(classifier: Classifier, shape: tuple[int, int]) -> None:
    assert 0.0 <= classifier.score_whole(np.full(shape, 90, np.uint8)) <= 1.0


def test_bytes_that_are_no_model_are_refused() -> None:
    with pytest.raises(BundleError, match=r"smilenet\.tflite: expected a TFLite model, got: \w.*$"):
        Classifier(replace(SHIPPED, model=b"not a model" * 100))


@pytest.mark.parametrize(
    ("tensor", "changes", "message"),
    [
        ("input", {"width": 96, "height": 96}, r"input int8 \(1, 96, 96, 1\), got int8"),
        ("input", {"quantization": Quantization(0.1, -128)}, "input quantization"),
        ("output", {"quantization": Quantization(0.1, -128)}, "output quantization"),
    ],
)
def test_a_wrong_manifest_is_refused(tensor: str, changes: dict[str, Any], message: str) -> None:
    spec = msgspec.structs.replace(getattr(SHIPPED.manifest, tensor), **changes)
    with pytest.raises(BundleError, match=rf"smilenet\.tflite: expected {message}"):
        with_manifest(**{tensor: spec})


def test_one_grey_level_is_one_int8_step(classifier: Classifier) -> None:
    quantization = classifier.manifest.input.quantization
    assert quantization.zero_point == -128
    assert quantization.scale == pytest.approx(1 / 255, rel=1e-4)
    assert with_manifest()._to_int8.tolist() == list(range(-128, 128))


def test_a_scale_may_differ_in_the_last_digits_of_a_float32() -> None:
    spec = SHIPPED.manifest.input
    rounded = Quantization(spec.quantization.scale * (1 + 1e-7), spec.quantization.zero_point)
    with_manifest(input=msgspec.structs.replace(spec, quantization=rounded))


def test_the_shipped_model_passes_its_self_test(classifier: Classifier) -> None:
    classifier.self_test()
    scores = classifier.manifest.self_test
    assert len(scores) == 8
    assert max(scores) - min(scores) > 10 * Classifier.TOLERANCE


def test_self_test_scores_may_differ_a_little_or_be_missing(classifier: Classifier) -> None:
    *others, last = classifier.manifest.self_test
    with_manifest(self_test=()).self_test()
    with_manifest(self_test=(*others, last + 0.02)).self_test()
    for off in (0.04, -0.04):
        with pytest.raises(BundleError, match=r"smilenet\.tflite: .* got one that is 0\.04 off"):
            with_manifest(self_test=(*others, last + off)).self_test()
