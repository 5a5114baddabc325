"""Accuracy of a scorer on each set, on pictures that the scorer was not fitted to."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from edge.model.bundle import load_bundle
from edge.model.classifier import Classifier
from edge.values import Grey
from train.crops import Crop, cut
from train.datasets import DataError, Picture, load

HAPPY_NEUTRAL = ("fer2013 happy/neutral", "fer2013", frozenset({"happy", "neutral"}))


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Counts of a set's pictures: all, those without a detected face, which count as answered with
    "not smiling", and those answered correctly."""

    images: int
    missed_faces: int
    correct: int

    @property
    def percent(self) -> float:
        return 100.0 * self.correct / self.images

    def facts(self) -> dict[str, float]:
        """Return what a manifest says of the accuracy; it calls correct answers ``right``."""
        return {
            "images": self.images,
            "missed_faces": self.missed_faces,
            "right": self.correct,
            "accuracy_percent": round(self.percent, 2),
        }


class Answer(NamedTuple):
    """A picture and its score, 0.0-1.0; None where the scorer detected no face."""

    picture: Picture
    score: float | None


def accuracy(answers: Sequence[Answer], threshold: float) -> Accuracy:
    """Return the accuracy of answers; a score from the threshold on is a smile."""
    return Accuracy(
        images=len(answers),
        missed_faces=sum(score is None for _, score in answers),
        correct=sum(
            (score is not None and score >= threshold) == picture.smiling
            for picture, score in answers
        ),
    )


def answers_of(score: Callable[[Grey], float], crops: Sequence[Crop]) -> list[Answer]:
    """Score each crop in which a face was detected."""
    return [
        Answer(crop.picture, None if crop.pixels is None else score(crop.pixels)) for crop in crops
    ]


def accuracies(answers: Sequence[Answer], threshold: float) -> dict[str, Accuracy]:
    """Return the accuracy on each set, and on FER2013's happy and neutral faces alone."""
    subsets: dict[str, list[Answer]] = {}
    for answer in answers:
        subsets.setdefault(answer.picture.dataset, []).append(answer)
    name, dataset, labels = HAPPY_NEUTRAL
    if dataset in subsets:
        subsets[name] = [answer for answer in subsets[dataset] if answer.picture.label in labels]
    return {name: accuracy(subset, threshold) for name, subset in subsets.items() if subset}


def best_threshold(answers: Sequence[Answer]) -> float:
    """Return the middle of the best thresholds from 0.30 to 0.70, compared by the mean of the sets'
    accuracies; those within 0.1 points of the highest mean count as best."""

    def percent(threshold: float) -> float:
        results = accuracies(answers, threshold).values()
        return statistics.mean(result.percent for result in results)

    return middle_of_best({step / 100: percent(step / 100) for step in range(30, 71)})


def middle_of_best(percents: Mapping[float, float]) -> float:
    """Return the middle of the thresholds whose accuracy is at most 0.1 points below the highest.

    Args:
        percents: accuracy in percent by threshold.
    """
    best = max(percents.values())
    return statistics.median_low(
        threshold for threshold, value in percents.items() if value >= best - 0.1
    )


def evaluate_bundle(folder: Path, data: Path, sets: Sequence[str] = ()) -> dict[str, Accuracy]:
    """Return the int8 model's accuracies on the test splits, through the device's own code.

    Raises:
        BundleError: the bundle can't be loaded.
        DataError: the data is missing or incomplete.
    """
    bundle = load_bundle(folder)
    classifier = Classifier(bundle)
    spec = bundle.manifest.input
    pictures = [picture for picture in load(data, sets) if picture.split == "test"]
    if not pictures:
        raise DataError(f"{data}: expected test pictures, got none")
    crops = cut(pictures, size=spec.width, margin=spec.crop_margin)
    return accuracies(answers_of(classifier.score_pixels, crops), bundle.manifest.threshold)
