"""How often a scorer is right, set by set, on crops that it was not fitted to."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from edge.model.bundle import Bundle, load_bundle
from edge.model.classifier import Classifier
from edge.values import Grey
from train.crops import Crop, cut
from train.datasets import DataError, Picture, load

HAPPY_NEUTRAL = ("fer2013 happy/neutral", "fer2013", frozenset({"happy", "neutral"}))


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Right answers on one set; pictures in which no face was found count as not smiling.

    Attributes:
        images: how many pictures.
        missed_faces: in how many no face was found.
        right: how many answers were right.
    """

    images: int
    missed_faces: int
    right: int

    @property
    def percent(self) -> float:
        return 100.0 * self.right / self.images

    def facts(self) -> dict[str, float]:
        """Return the fields and the accuracy in percent, for a manifest."""
        return {**asdict(self), "accuracy_percent": round(self.percent, 2)}


class Answer(NamedTuple):
    """What a scorer says of a picture; None where it found no face."""

    picture: Picture
    score: float | None


def count_right(answers: Sequence[Answer], threshold: float) -> Accuracy:
    """Return the accuracy of answers, of which those from the threshold on are smiles."""
    return Accuracy(
        images=len(answers),
        missed_faces=sum(score is None for _, score in answers),
        right=sum(
            (score is not None and score >= threshold) == picture.smiling
            for picture, score in answers
        ),
    )


def scores_of(score: Callable[[Grey], float], crops: Sequence[Crop]) -> list[float]:
    """Score each crop, 0.0 where there is no face."""
    return [0.0 if crop.pixels is None else score(crop.pixels) for crop in crops]


def accuracies(
    crops: Sequence[Crop], scores: Sequence[float], threshold: float
) -> dict[str, Accuracy]:
    """Return the accuracy on each set, and on FER2013's happy and neutral faces alone."""
    subsets: dict[str, list[Answer]] = {}
    for crop, score in zip(crops, scores, strict=True):
        answer = Answer(crop.picture, None if crop.pixels is None else score)
        subsets.setdefault(crop.picture.dataset, []).append(answer)
    name, dataset, labels = HAPPY_NEUTRAL
    if dataset in subsets:
        subsets[name] = [one for one in subsets[dataset] if one.picture.label in labels]
    return {name: count_right(answers, threshold) for name, answers in subsets.items() if answers}


def best_threshold(crops: Sequence[Crop], scores: Sequence[float]) -> float:
    """Return the middle of the thresholds from 0.30 to 0.70 that are as good as any: whose mean
    accuracy over the sets is at most 0.1 points below the best one's."""

    def percent(threshold: float) -> float:
        results = accuracies(crops, scores, threshold).values()
        return statistics.mean(result.percent for result in results)

    return middle_of_best({step / 100: percent(step / 100) for step in range(30, 71)})


def middle_of_best(percents: Mapping[float, float]) -> float:
    """Return the middle of the thresholds whose accuracy in percent is at most 0.1 points below the
    best one's."""
    best = max(percents.values())
    return statistics.median_low(
        threshold for threshold, value in percents.items() if value >= best - 0.1
    )


def evaluate_bundle(
    bundle: Path | Bundle, data: Path, sets: Sequence[str] = ()
) -> dict[str, Accuracy]:
    """Return the int8 model's accuracies on the test splits, through the device's own code.

    Raises:
        BundleError: the bundle can't be loaded.
        DataError: the data is missing or incomplete.
    """
    bundle = load_bundle(bundle) if isinstance(bundle, Path) else bundle
    classifier = Classifier(bundle)
    spec = bundle.manifest.input
    pictures = [picture for picture in load(data, sets) if picture.split == "test"]
    if not pictures:
        raise DataError(f"{data}: expected test pictures, got none")
    crops = cut(pictures, size=spec.width, margin=spec.crop_margin)
    scores = scores_of(classifier.score_pixels, crops)
    return accuracies(crops, scores, bundle.manifest.threshold)
