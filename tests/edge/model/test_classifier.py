from __future__ import annotations

import msgspec
import numpy as np
import pytest

from edge.cameras.demo import COLLINS, HOPPER, Portrait
from edge.errors import BundleError
from edge.model.bundle import Bundle, Quantization, load_bundle
from edge.model.classifier import Classifier
from edge.settings import SHIPPED_BUNDLE
from edge.values import Box, Face, Frame, Grey


def score(classifier: Classifier, portrait: Portrait) -> float:
    half = portrait.face_px / 2
    side = round(portrait.face_px)
    box = Box(round(portrait.centre[0] - half), round(portrait.centre[1] - half), side, side)
    face = Face(7, box, 1.0)
    result = classifier.score(Frame(0, 0.0, portrait.read()), face)
    assert result.face is face
    return result.score


def test_tells_a_smile_from_none(classifier: Classifier) -> None:
    assert score(classifier, HOPPER) < 0.2
    assert score(classifier, COLLINS) > 0.8


def test_a_mirror_image_scores_alike(classifier: Classifier, collins: Grey) -> None:
    face = np.ascontiguousarray(collins[54:173, 165:284])
    mirrored = np.ascontiguousarray(face[:, ::-1])
    assert classifier.score_whole(face) == pytest.approx(classifier.score_whole(mirrored), abs=0.02)


@pytest.mark.parametrize("shape", [(64, 64), (48, 48), (300, 200), (1, 1)])
def test_scores_whole_pictures_of_any_size(classifier: Classifier, shape: tuple[int, int]) -> None:
    assert 0.0 <= classifier.score_whole(np.full(shape, 90, np.uint8)) <= 1.0


def test_bytes_that_are_no_model_are_refused() -> None:
    bundle = load_bundle(SHIPPED_BUNDLE)
    broken = Bundle(bundle.folder, bundle.manifest, b"not a model" * 100)
    with pytest.raises(BundleError, match=r"smilenet\.tflite: expected a TFLite model"):
        Classifier(broken)


def test_a_manifest_of_another_size_is_refused() -> None:
    bundle = load_bundle(SHIPPED_BUNDLE)
    wide = msgspec.structs.replace(bundle.manifest.input, width=96, height=96)
    manifest = msgspec.structs.replace(bundle.manifest, input=wide)
    with pytest.raises(BundleError, match=r"expected input int8 \(1, 96, 96, 1\), got int8"):
        Classifier(Bundle(bundle.folder, manifest, bundle.model))


@pytest.mark.parametrize("side", ["input", "output"])
def test_a_manifest_of_another_quantization_is_refused(side: str) -> None:
    bundle = load_bundle(SHIPPED_BUNDLE)
    end = getattr(bundle.manifest, side)
    other = msgspec.structs.replace(end, quantization=Quantization(scale=0.1, zero_point=-128))
    manifest = msgspec.structs.replace(bundle.manifest, **{side: other})
    with pytest.raises(BundleError, match=f"expected {side} quantization"):
        Classifier(Bundle(bundle.folder, manifest, bundle.model))


def test_one_grey_level_is_one_int8_step(classifier: Classifier) -> None:
    quantization = classifier.manifest.input.quantization
    assert quantization.zero_point == -128
    assert quantization.scale == pytest.approx(1 / 255, rel=1e-4)


def with_self_test(*scores: float) -> Classifier:
    bundle = load_bundle(SHIPPED_BUNDLE)
    manifest = msgspec.structs.replace(bundle.manifest, self_test=scores)
    return Classifier(Bundle(bundle.folder, manifest, bundle.model))


def test_the_shipped_model_passes_its_self_test_and_it_tells_apart(classifier: Classifier) -> None:
    classifier.self_test()
    scores = classifier.manifest.self_test
    assert len(scores) == 8
    assert max(scores) - min(scores) > 10 * Classifier.TOLERANCE


def test_scores_that_are_a_little_off_pass_and_more_do_not(classifier: Classifier) -> None:
    *others, last = classifier.manifest.self_test
    with_self_test(*others, last + 0.02).self_test()
    for off in (0.04, -0.04):
        with pytest.raises(BundleError, match=r"smilenet\.tflite: .* got one that is 0\.04 off"):
            with_self_test(*others, last + off).self_test()


def test_a_bundle_without_a_self_test_passes() -> None:
    with_self_test().self_test()
