"""Quantize a Keras model to a full-int8 bundle: ``python -m convert.quantize``."""

from __future__ import annotations

import hashlib
import json
import os
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

import train
from convert.audit import check_int8
from convert.edgetpu import Compiled, check_operators, compile_model, find_compiler
from convert.errors import ConvertError
from convert.tflite import int8_tflite, load_model
from edge.atomic_file import written
from edge.cli.console import OneLineParser, silence_libraries
from edge.errors import SmileGateError
from edge.model.bundle import (
    MANIFEST,
    Bundle,
    Input,
    Manifest,
    Output,
    Quantization,
    self_test_pictures,
)
from edge.model.classifier import Classifier
from edge.model.tflite import make_interpreter

if TYPE_CHECKING:
    import keras

CALIBRATION_IMAGES = 300
MAX_LOSS = 0.003
DEFAULT_MARGIN = 0.1
LABELS = ("not smiling", "smiling")


def quantize(
    source: Path, data: Path, out: Path, *, sets: Sequence[str] = (), edgetpu: bool = False
) -> tuple[Manifest, Compiled | None]:
    """Write a bundle for ``source`` to ``out``, if the int8 model is as good as the float one.

    Weights and activations are quantized after training, calibrated on train pictures; the
    threshold is chosen on validation pictures; float and int8 are compared on test pictures, all
    cropped by the device's code. ``training.json`` beside the model, where ``train fit`` put it,
    gives the crop margin and the training data.

    Args:
        source: a Keras model: float32 (n, side, side, 1) luma 0.0-1.0 -> (n, 1) probability.
        data: folder with the data sets.
        out: folder for the bundle; made if missing, its manifest is written last.
        sets: which data sets; all that are there when empty.
        edgetpu: also compile the model for the Edge TPU, and add the result to the bundle.

    Returns:
        The manifest, and the model for the Edge TPU if it was asked for.

    Raises:
        ConvertError: no such model, a model of another shape, a float tensor left in the result,
            or int8 is wrong on more than 0.3 % (and more than one) of a set's test pictures than
            float; no compiler for the Edge TPU, or a model that the compiler refuses.
        DataError: the data is missing or incomplete.
    """
    if edgetpu:
        find_compiler()
    model = load_model(source)
    training = _read_training(source.with_name("training.json"))
    margin = float(training.get("crop_margin", DEFAULT_MARGIN))
    pictures = train.without_leaks(train.load(data, sets))

    def crops_of(chosen: Sequence[train.Picture], purpose: str) -> list[train.Crop]:
        crops = train.cut(chosen, size=int(model.input_shape[1]), margin=margin)
        if all(crop.pixels is None for crop in crops):
            raise ConvertError(f"{data}: expected faces in the {purpose} pictures, got none")
        return crops

    calibration = crops_of(_sample(pictures), "train")
    validation = crops_of([p for p in pictures if p.split == "validation"], "validation")
    test = crops_of([p for p in pictures if p.split == "test"], "test")
    out.mkdir(parents=True, exist_ok=True)
    typical = train.as_input(crop.pixels for crop in calibration if crop.pixels is not None)
    tflite = int8_tflite(model, typical, edgetpu=edgetpu)
    check_int8(tflite)

    files = {f"{model.name}.tflite": tflite, f"{model.name}.keras": source.read_bytes()}
    compiled, compiled_name = None, ""
    if edgetpu:
        check_operators(tflite)
        compiled = compile_model(tflite, model.name)
        compiled_name = f"{model.name}_edgetpu.tflite"
        files[compiled_name] = compiled.model
    draft = _manifest(model, margin, tflite, training, files)
    classifier = Classifier(Bundle(out, draft, tflite))
    threshold = train.best_threshold(train.answers_of(classifier.score_pixels, validation))
    of_int8 = train.accuracies(train.answers_of(classifier.score_pixels, test), threshold)
    of_float = train.accuracies(_float_answers(model, test), threshold)
    for name in of_int8:
        check_loss(name, of_float[name], of_int8[name])
    manifest = msgspec.structs.replace(
        draft,
        edgetpu_model=compiled_name,
        threshold=threshold,
        self_test=tuple(map(classifier.infer, self_test_pictures(draft.input.width))),
        metrics={
            name: {"int8": of_int8[name].facts(), "float": of_float[name].facts()}
            for name in of_int8
        },
    )
    text = json.dumps(msgspec.to_builtins(manifest), indent=2) + "\n"
    for name, content in {**files, MANIFEST: text.encode()}.items():
        with written(content, out, f".{name}.") as partial:
            partial.chmod(0o644)
            partial.rename(out / name)
    return manifest, compiled


def _read_training(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text())) if path.exists() else {}
    except ValueError as error:
        raise ConvertError(f"{path}: expected JSON as train fit writes it, got: {error}") from error


def _sample(pictures: Sequence[train.Picture]) -> list[train.Picture]:
    """Choose calibration pictures from the train split, equally many from each set."""
    by_set: dict[str, list[train.Picture]] = {}
    for picture in pictures:
        if picture.split == "train":
            by_set.setdefault(picture.dataset, []).append(picture)
    rng = random.Random(42)
    share = CALIBRATION_IMAGES // max(1, len(by_set))
    return [p for members in by_set.values() for p in rng.sample(members, min(share, len(members)))]


def _manifest(
    model: keras.Model,
    margin: float,
    tflite: bytes,
    training: dict[str, Any],
    files: dict[str, bytes],
) -> Manifest:
    """Return a manifest without what is measured later: threshold, self-test and metrics."""
    name, side = model.name, int(model.input_shape[1])
    interpreter = make_interpreter(tflite)
    tensors = (interpreter.get_input_details()[0], interpreter.get_output_details()[0])
    of_input, of_output = (
        Quantization(scale=float(scale), zero_point=int(zero_point))
        for scale, zero_point in (tensor["quantization"] for tensor in tensors)
    )
    return Manifest(
        name=name,
        model=f"{name}.tflite",
        input=Input(
            width=side, height=side, colour="grey", crop_margin=margin, quantization=of_input
        ),
        output=Output(labels=LABELS, quantization=of_output),
        threshold=0.5,
        training_data=training,
        metrics={},
        files={file: hashlib.sha256(content).hexdigest() for file, content in files.items()},
    )


def _float_answers(model: keras.Model, crops: Sequence[train.Crop]) -> list[train.Answer]:
    """Score as the device does, each face and its mirror image, but with the float model."""
    faces = train.as_input(crop.pixels for crop in crops if crop.pixels is not None)
    both = [model.predict(x, batch_size=256, verbose=0) for x in (faces, faces[:, :, ::-1])]
    scores = iter(np.mean(both, axis=0)[:, 0].tolist())
    return [train.Answer(c.picture, None if c.pixels is None else next(scores)) for c in crops]


def check_loss(name: str, of_float: train.Accuracy, of_int8: train.Accuracy) -> None:
    """Check that int8 answers as many pictures of a set correctly as float, or almost.

    Raises:
        ConvertError: int8 loses more than 0.3 % of the pictures, and more than one.
    """
    if of_float.correct - of_int8.correct > max(1.0, MAX_LOSS * of_float.images):
        raise ConvertError(
            f"{name}: expected int8 to lose at most {100 * MAX_LOSS:.1f} points, got "
            f"{of_float.percent:.2f} % float and {of_int8.percent:.2f} % int8"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Quantize one model; return the exit code: 0 done, 2 refused or failed."""
    parser = OneLineParser(prog="python -m convert.quantize", description=__doc__)
    parser.add_argument("model", type=Path, metavar="MODEL.keras")
    parser.add_argument(
        "--data",
        required=True,
        metavar="NAME_OR_DIR",
        help="folder with data sets, or the name of one below $SMILE_GATE_DATA",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the bundle")
    parser.add_argument(
        "--edgetpu",
        action="store_true",
        help="also compile for a Coral Edge TPU, with Google's edgetpu_compiler",
    )
    options = parser.parse_args(arguments)
    silence_libraries()
    data, sets = Path(options.data), []
    root = os.environ.get("SMILE_GATE_DATA")
    if root and not data.exists():
        data, sets = Path(root), [options.data]
    try:
        manifest, compiled = quantize(
            options.model, data, options.out, sets=sets, edgetpu=options.edgetpu
        )
    except (SmileGateError, OSError) as error:
        print(f"convert.quantize: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    for name, result in manifest.metrics.items():
        print(
            f"{name:22} int8 {result['int8']['accuracy_percent']:6.2f} %  "
            f"float {result['float']['accuracy_percent']:6.2f} %  "
            f"({result['int8']['images']} images, {result['int8']['missed_faces']} faces missed)"
        )
    for line in compiled.lines() if compiled else ():
        print(line)
    size = (options.out / manifest.model).stat().st_size
    print(f"{options.out / manifest.model}: {size / 1000:.1f} KB, threshold {manifest.threshold}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
