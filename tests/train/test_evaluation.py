from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cameras.image_file import decode_grey
from edge.model.bundle import load_bundle
from edge.model.crop import crop as cut_crop
from edge.settings import SHIPPED_BUNDLE
from train import cli
from train.crops import Crop, cut, locate
from train.datasets import Picture, load
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


def test_faces_are_located_where_they_are_cut_out(tiny_sets: Path) -> None:
    pictures = [*load(tiny_sets, ["genki4k"])[:2], *load(tiny_sets, ["fer2013"])[:1]]
    black = cv2.imencode(".png", np.zeros((90, 90), np.uint8))[1].tobytes()
    blank = replace(pictures[0], data=black)
    crops = cut([*pictures, blank], size=64, margin=0.1)
    *faces, none = locate([*pictures, blank])
    assert none.box is None
    for face, expected in zip(faces, crops, strict=False):
        assert face.box is not None
        assert expected.pixels is not None
        grey = decode_grey(face.picture.data, face.picture.name)
        margin = 0.0 if face.picture.is_crop else 0.1
        again = cut_crop(grey, face.box, size=64, margin=margin)
        assert (again == expected.pixels).all()


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


def test_crops_are_the_models_view(tiny_sets: Path) -> None:
    crops = cut(load(tiny_sets), size=64, margin=0.1)
    assert {c.pixels.shape for c in crops if c.pixels is not None} == {(64, 64)}
    assert all(c.pixels is not None for c in crops)


def test_context_surrounds_the_models_view(tiny_sets: Path) -> None:
    pictures = load(tiny_sets, ["genki4k"])[:1]
    (plain,), (wide,) = (cut(pictures, size=64, margin=0.1, context=c) for c in (1.0, 1.25))
    assert plain.pixels is not None
    assert wide.pixels is not None
    assert wide.pixels.shape == (80, 80)
    assert np.abs(wide.pixels[8:72, 8:72].astype(int) - plain.pixels).mean() < 8


def test_evaluate_prints_each_set(tiny_sets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["evaluate", str(SHIPPED_BUNDLE), "--data", str(tiny_sets)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == [
        "genki4k",
        "SMILEsmileD",
        "fer2013",
        "fer2013 happy/neutral",
    ]
    assert "10 of 10 right, 0 faces missed" in lines[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "nowhere", "--data", "."], "train: nowhere/manifest.json: expected a model"),
        (["evaluate", str(SHIPPED_BUNDLE), "--data", "."], "train: .: expected one of genki4k"),
        (["evaluate", str(SHIPPED_BUNDLE), "--data", ".", "--set", "x"], "train: x: expected a"),
        (["faces", "--data", "."], "train: .: expected genki4k.tar or a folder"),
    ],
)
def test_bad_input_gets_one_line(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith(message)
    assert len(err.splitlines()) == 1


def test_the_shipped_bundle_is_as_good_as_its_manifest_says(data: Path) -> None:
    bundle = load_bundle(SHIPPED_BUNDLE)
    result = evaluate_bundle(bundle, data, ["genki4k"])["genki4k"]
    claimed = bundle.manifest.metrics["genki4k"]["int8"]
    # Kernels round differently from one kind of processor to another: a face or two may tip over.
    assert abs(result.correct - claimed["right"]) <= 2
