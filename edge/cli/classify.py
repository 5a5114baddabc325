"""``smile-gate classify``: scores the faces in images."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from edge.cameras.image_file import list_images, read_grey
from edge.cli.console import Verbs
from edge.cli.progress import bar_over
from edge.errors import ImageError
from edge.faces.open import open_detector
from edge.model.open import open_classifier
from edge.settings.load import load_configuration
from edge.values import Box


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its arguments."""
    parser = verbs.add("classify", classify)
    parser.add_argument("paths", nargs="+", metavar="PATH", help="image or folder")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "--whole-image", action="store_true", help="images are face crops: skip the detector"
    )


def classify(options: argparse.Namespace) -> int:
    """Score the faces in images; a folder stands for the images in it."""
    settings = load_configuration(options.config).settings
    classifier = open_classifier(settings)
    detector = open_detector(settings.faces)
    images = list(_images(options.paths))
    failed = 0
    bar = bar_over(images, " images")
    for name, refused in bar:
        try:
            if refused is not None:
                raise refused
            grey = read_grey(Path(name))
        except ImageError as error:
            failed += 1
            if options.json:
                print(json.dumps({"file": name, "error": str(error)}))
            else:
                bar.write(f"smile-gate: {error}", file=sys.stderr)
            continue
        if options.whole_image:
            whole = Box(0, 0, grey.shape[1], grey.shape[0])
            scored = [(whole, classifier.score_whole(grey))]
        else:
            boxes = [detection.box for detection in detector.find_in_still(grey)]
            scored = [(box, classifier.score_box(grey, box)) for box in boxes]
        threshold = classifier.manifest.threshold
        faces = [
            {"box": list(box), "score": round(score, 4), "smiling": score >= threshold}
            for box, score in scored
        ]
        if options.json:
            print(json.dumps({"file": name, "faces": faces}))
        else:
            print(f"{name}: {_in_words(faces)}")
    if all(refused for _, refused in images):  # no image was named
        return 2
    return 1 if failed else 0


def _images(names: Sequence[str]) -> Iterator[tuple[str, ImageError | None]]:
    """Yield the name of each image, with those in folders; a folder without images comes with an
    error."""
    for name in names:
        path = Path(name)
        if not name:  # as an unset variable of a shell; as a path it is the working folder
            yield name, ImageError("'': expected an image or a folder, got an empty name", path)
            continue
        try:
            files = [str(image) for image in list_images(path)] if path.is_dir() else [name]
        except OSError as error:
            yield name, ImageError(f"{name}: expected an image or a folder, got: {error}", path)
            continue
        if not files:
            yield name, ImageError(f"{name}: expected images in this folder, got none", path)
        yield from ((file, None) for file in files)


def _in_words(faces: Sequence[Mapping[str, Any]]) -> str:
    if not faces:
        return "no face"
    return ", ".join(
        "{} {:.2f} at {},{} {}x{}".format(
            "smiling" if face["smiling"] else "not smiling", face["score"], *face["box"]
        )
        for face in faces
    )
