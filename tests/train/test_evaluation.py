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
    answers_of,
    best_threshold,
    evaluate_bundle,
)


def picture(*, smiling: bool, dataset: str = "genki4k", label: str = "") -> Picture:
    return Picture(dataset, "x", b"", smiling, "test", is_crop=False, group="", label=label)


def test_a_missed_face_counts_as_not_smiling() -> None:
    face = np.zeros((64, 64), np.uint8)
    seen = [(True, face), *[(True, None)] * 2, *[(False, None)] * 3]
    crops = [Crop(picture(smiling=smiling), pixels) for smiling, pixels in seen]
    answers = answers_of(lambda _: 0.0, crops)
    assert answers == [Answer(crops[0].picture, 0.0), *(Answer(c.picture, None) for c in crops[1:])]
    result = accuracies(answers, 0.0)["genki4k"]
    assert result == Accuracy(images=6, missed_faces=5, correct=4)
    assert result.facts()["accuracy_percent"] == 66.67


def test_happy_and_neutral_of_fer2013_are_also_counted_alone() -> None:
    answers = [
        Answer(picture(smiling=label == "happy", dataset="fer2013", label=label), score)
        for label, score in (("happy", 0.9), ("neutral", 0.1), ("sad", 0.9))
    ]
    results = accuracies(answers, 0.5)
    assert results["fer2013"].correct == 2
    alone = results["fer2013 happy/neutral"]
    assert (alone.images, alone.correct) == (2, 2)


@pytest.mark.parametrize(
    ("smiling", "plain", "expected"), [(0.55, 0.2, 0.42), (0.9, 0.62, 0.66), (0.36, 0.1, 0.33)]
)
def test_the_best_threshold_is_in_the_middle_of_the_good_ones(
    smiling: float, plain: float, expected: float
) -> None:
    answers = [Answer(picture(smiling=True), smiling), Answer(picture(smiling=False), plain)]
    assert best_threshold(answers) == expected


def test_the_shipped_bundle_is_as_good_as_its_manifest_says(data: Path) -> None:
    result = evaluate_bundle(SHIPPED_BUNDLE, data, ["genki4k"])["genki4k"]
    claimed = load_bundle(SHIPPED_BUNDLE).manifest.metrics["genki4k"]["int8"]
    # Kernels round differently from one kind of processor to another: a face or two may tip over.
    assert abs(result.correct - claimed["right"]) <= 2
