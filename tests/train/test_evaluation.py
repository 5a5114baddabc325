from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.model.bundle import load_bundle
from edge.settings import SHIPPED_BUNDLE
from train.crops import Crop
from train.datasets import Picture
from train.evaluation import (
    Accuracy,
    Answer,
    accuracies,
    accuracy,
    best_threshold,
    evaluate_bundle,
    scores_of,
)


def crop(*, smiling: bool, dataset: str = "genki4k", label: str = "", face: bool = True) -> Crop:
    picture = Picture(dataset, "x", b"", smiling, "test", is_crop=False, group="", label=label)
    return Crop(picture, np.zeros((64, 64), np.uint8) if face else None)


def test_a_missed_face_counts_as_not_smiling() -> None:
    crops = [crop(smiling=True, face=False), crop(smiling=False, face=False), crop(smiling=True)]
    scores = scores_of(lambda _: 0.9, crops)
    assert scores == [0.0, 0.0, 0.9]
    result = accuracies(crops, scores, 0.5)["genki4k"]
    assert (result.images, result.missed_faces, result.correct) == (3, 2, 2)
    assert result.facts()["accuracy_percent"] == 66.67


def test_a_picture_without_a_score_is_answered_with_no() -> None:
    answers = [
        Answer(crop(smiling=smiling).picture, score)
        for smiling, score in ((True, 0.0), (True, None), (False, None), (False, 0.0))
    ]
    assert accuracy(answers, 0.0) == Accuracy(images=4, missed_faces=2, correct=2)


def test_happy_and_neutral_of_fer2013_are_also_counted_alone() -> None:
    labels = ["happy", "neutral", "sad"]
    crops = [crop(smiling=x == "happy", dataset="fer2013", label=x) for x in labels]
    results = accuracies(crops, [0.9, 0.1, 0.9], 0.5)
    assert results["fer2013"].correct == 2
    alone = results["fer2013 happy/neutral"]
    assert (alone.images, alone.correct) == (2, 2)


@pytest.mark.parametrize(
    ("scores", "expected"), [((0.55, 0.2), 0.42), ((0.9, 0.62), 0.66), ((0.36, 0.1), 0.33)]
)
def test_the_best_threshold_is_in_the_middle_of_the_good_ones(
    scores: tuple[float, float], expected: float
) -> None:
    assert best_threshold([crop(smiling=True), crop(smiling=False)], scores) == expected


def test_the_shipped_bundle_is_as_good_as_its_manifest_says(data: Path) -> None:
    bundle = load_bundle(SHIPPED_BUNDLE)
    result = evaluate_bundle(bundle, data, ["genki4k"])["genki4k"]
    claimed = bundle.manifest.metrics["genki4k"]["int8"]
    # Kernels round differently from one kind of processor to another: a face or two may tip over.
    assert abs(result.correct - claimed["right"]) <= 2
