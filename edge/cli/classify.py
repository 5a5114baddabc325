"""``smile-gate classify``: scores the faces in images."""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2

from edge.cameras.image_file import FOREIGN_SUFFIXES, IMAGE_SUFFIXES, read_colour, read_grey
from edge.cli.console import Verbs
from edge.cli.progress import bar_over
from edge.diagnose.annotate import annotate
from edge.errors import ConfigError, ImageError
from edge.faces.detector import Detector
from edge.faces.open import open_detector
from edge.model.classifier import Classifier
from edge.model.open import open_classifier
from edge.service.journal import in_one_line
from edge.settings.load import load_configuration
from edge.values import Box, Face, Grey, SmileScore

COLUMNS = ("file", "face", "x", "y", "w", "h", "score", "smiling", "threshold", "error")


class Image(NamedTuple):
    """An image to classify.

    Attributes:
        name: its path as the user wrote it, or below the folder that the user wrote.
        inside: its path below that folder, or its name.
        error: why it, or a whole folder, can't be classified; None where it can be tried.
    """

    name: str
    inside: Path
    error: ImageError | None = None


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its arguments."""
    parser = verbs.add("classify", classify)
    parser.epilog = (
        "A face smiles from the model's own threshold on, with which it is right most often about "
        "single pictures. The trigger's threshold_on is higher: what fires should be a sure smile."
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="image or folder")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object a line")
    form.add_argument("--csv", action="store_true", help="a table, one face a line")
    parser.add_argument(
        "--recursive", action="store_true", help="search the folders in a folder, too"
    )
    parser.add_argument(
        "--annotate", type=Path, metavar="DIR", help="save copies with boxes and scores here"
    )
    parser.add_argument(
        "--whole-image", action="store_true", help="images are face crops: skip the detector"
    )


def classify(options: argparse.Namespace) -> int:
    """Score the faces in images; a folder stands for the images in it."""
    settings = load_configuration(options.config).settings
    classifier = open_classifier(settings)
    detector = None if options.whole_image else open_detector(settings.faces)
    threshold = classifier.manifest.threshold
    images = list(_images(options.paths, options.recursive, options.annotate))
    copies = _Copies(options.annotate, images, threshold) if options.annotate else None
    report = _as_json if options.json else _as_rows if options.csv else _in_words
    if options.csv:
        print(",".join(COLUMNS))
    failed = 0
    for image in bar_over(images, " images"):
        try:
            if image.error is not None:
                raise image.error
            scores = _score(read_grey(Path(image.name)), detector, classifier)
            if copies is not None:
                copies.save(image, scores)
        except ImageError as error:
            failed += 1
            report(image.name, (), str(error), threshold)
        else:
            report(image.name, scores, "", threshold)
    if all(image.error for image in images):  # no image was named
        return 2
    if sys.stderr.isatty():
        print(
            f"A face smiles from {threshold} on, where this model is right most often about single "
            f"pictures; trigger.threshold_on is {settings.trigger.threshold_on}: what fires should "
            "be a sure smile.",
            file=sys.stderr,
        )
    return 1 if failed else 0


def _images(names: Sequence[str], recursive: bool, copies: Path | None) -> Iterator[Image]:
    """Yield each image, with those in folders but for hidden ones and the annotated copies; a
    folder that can't be read or has no images comes with an error."""
    for name in names:
        top = Path(name)
        if not name:  # as an unset variable of a shell; as a path it is the working folder
            error = ImageError("'': expected an image or a folder, got an empty name", top)
            yield Image(name, top, error)
            continue
        try:
            is_folder = top.is_dir()
        except OSError as error:
            reason = f"{name}: expected an image or a folder, got: {error.strerror}"
            yield Image(name, top, ImageError(reason, top))
            continue
        yield from (
            _in_folder(top, recursive, copies) if is_folder else [Image(name, Path(top.name))]
        )


def _in_folder(top: Path, recursive: bool, copies: Path | None) -> Iterator[Image]:
    refused: list[OSError] = []
    found, deeper = False, False
    for folder, folders, files in os.walk(top, onerror=refused.append):
        here = Path(folder)
        shown = [child for child in sorted(folders) if not child.startswith(".")]
        deeper = deeper or bool(shown)
        folders[:] = [
            child
            for child in shown
            if recursive and (copies is None or (here / child).resolve() != copies.resolve())
        ]
        for file in sorted(files):
            suffix = Path(file).suffix.lower()
            if suffix in IMAGE_SUFFIXES | FOREIGN_SUFFIXES and not file.startswith("."):
                found = True
                yield Image(str(here / file), (here / file).relative_to(top))
    for error in refused:
        reason = f"{error.filename}: expected a folder that can be read, got: {error.strerror}"
        yield Image(error.filename, top, ImageError(reason, error.filename))
    if not found and not refused:
        hint = "; --recursive looks into its folders" if deeper and not recursive else ""
        reason = f"{top}: expected images in this folder, got none{hint}"
        yield Image(str(top), top, ImageError(reason, top))


def _score(grey: Grey, detector: Detector | None, classifier: Classifier) -> list[SmileScore]:
    if detector is None:
        whole = Face(1, Box(0, 0, grey.shape[1], grey.shape[0]), 1.0)
        return [SmileScore(whole, classifier.score_whole(grey))]
    faces = [
        Face(number, detection.box, detection.confidence)
        for number, detection in enumerate(detector.find_in_still(grey), 1)
    ]
    return [SmileScore(face, classifier.score_box(grey, face.box)) for face in faces]


class _Copies:
    """Saves annotated copies as JPEG, below a folder as the images are below theirs. None replaces
    an image that is classified, or another's copy."""

    def __init__(self, folder: Path, images: Sequence[Image], threshold: float) -> None:
        self._folder = folder
        self._threshold = threshold
        self._taken = {Path(image.name).resolve() for image in images if image.error is None}
        self._make(folder)

    def save(self, image: Image, scores: Sequence[SmileScore]) -> None:
        drawn = annotate(read_colour(Path(image.name)), scores, threshold=self._threshold)
        path = self._free(self._folder / image.inside)
        self._make(path.parent)
        try:
            path.write_bytes(cv2.imencode(".jpg", drawn)[1].tobytes())
        except OSError as error:
            raise self._refused("a file to write to", error) from error

    def _free(self, path: Path) -> Path:
        if path.suffix.lower() not in {".jpg", ".jpeg"}:
            path = path.with_name(f"{path.name}.jpg")
        free, number = path, 1
        while free.resolve() in self._taken:
            number += 1
            free = path.with_stem(f"{path.stem}-{number}")
        self._taken.add(free.resolve())
        return free

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._refused("a folder", error) from error

    def _refused(self, expected: str, error: OSError) -> ConfigError:
        reason = f"expected {expected}, got: {error.strerror}"
        return ConfigError(reason, origin=f"--annotate {error.filename or self._folder}")


def _as_json(name: str, scores: Sequence[SmileScore], error: str, threshold: float) -> None:
    faces = [
        {
            "box": list(scored.face.box),
            "score": round(scored.score, 4),
            "smiling": scored.score >= threshold,
        }
        for scored in scores
    ]
    print(json.dumps({"file": name} | ({"error": error} if error else {"faces": faces})))


def _as_rows(name: str, scores: Sequence[SmileScore], error: str, threshold: float) -> None:
    table = csv.writer(sys.stdout, lineterminator="\n")
    for scored in scores:
        smiling = "true" if scored.score >= threshold else "false"
        score = round(scored.score, 4)
        table.writerow([name, scored.face.id, *scored.face.box, score, smiling, threshold, ""])
    if not scores:
        table.writerow([name, *[""] * 7, threshold, error])


def _in_words(name: str, scores: Sequence[SmileScore], error: str, threshold: float) -> None:
    if error:
        from tqdm import tqdm

        tqdm.write(in_one_line(f"smile-gate: {error}"), file=sys.stderr)  # above a progress bar
        return
    faces = []
    for scored in scores:
        smiling, relation = ("smiling", ">=") if scored.score >= threshold else ("not smiling", "<")
        x, y, w, h = scored.face.box
        faces.append(f"{smiling} {scored.score:.2f} {relation} {threshold} at {x},{y} {w}x{h}")
    print(f"{name}: {', '.join(faces) or 'no face'}")
