from __future__ import annotations

import json
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from convert import ConvertError, load_model
from convert.audit import check_int8
from convert.quantize import check_loss, main
from edge.model.bundle import load_bundle
from edge.model.classifier import Classifier
from edge.settings import SHIPPED_BUNDLE
from edge.values import Grey
from train import Accuracy

keras = pytest.importorskip("keras", reason="TensorFlow is not installed here")
pytest.importorskip("tensorflow", reason="TensorFlow is not installed here")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source of the shipped model, with the settings of its training beside it."""
    folder = tmp_path_factory.mktemp("source")
    path = Path(shutil.copy(SHIPPED_BUNDLE / "smilenet.keras", folder))
    training = load_bundle(SHIPPED_BUNDLE).manifest.training_data
    (folder / "training.json").write_text(json.dumps(training))
    return path


def test_makes_a_bundle_that_the_device_runs(
    source: Path,
    tiny_sets: Path,
    tmp_path: Path,
    collins: Grey,
    hopper: Grey,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "bundle"
    assert main([str(source), "--data", str(tiny_sets), "--out", str(out)]) == 0
    assert "genki4k                int8 100.00 %  float 100.00 %" in capsys.readouterr().out
    bundle = load_bundle(out)
    check_int8(bundle.model)
    files = {"manifest.json", "smilenet.keras", "smilenet.tflite"}
    assert {path.name for path in out.iterdir()} == files
    manifest = bundle.manifest
    assert (manifest.input.width, manifest.input.colour) == (64, "grey")
    assert manifest.input.crop_margin == 0.1
    assert manifest.training_data["recipe"] == "smilenet"
    assert manifest.metrics["genki4k"]["int8"]["images"] == 10
    classifier = Classifier(bundle)
    classifier.self_test()
    assert len(manifest.self_test) == 8
    assert len(set(manifest.self_test)) > 1
    assert classifier.score_whole(collins[54:173, 165:284]) > 0.5
    assert classifier.score_whole(hopper[80:352, 128:400]) < 0.5


def test_the_name_of_a_set_is_looked_up_below_the_data_folder(
    source: Path, tiny_sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILE_GATE_DATA", str(tiny_sets))
    assert main([str(source), "--data", "SMILEsmileD", "--out", str(tmp_path)]) == 0
    assert set(load_bundle(tmp_path).manifest.metrics) == {"SMILEsmileD"}


def test_a_model_that_quantization_spoils_is_refused(
    source: Path, tiny_sets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Probabilities from 1000 to 1001 are one int8 step, though float tells them apart."""
    model = load_model(source)
    shifted = keras.layers.ReLU()(keras.layers.Rescaling(1.0, 1000.0)(model.output))
    path, out = tmp_path / "spoilt.keras", tmp_path / "bundle"
    keras.Model(model.input, keras.layers.Rescaling(1.0, -1000.0)(shifted)).save(path)
    assert main([str(path), "--data", str(tiny_sets), "--out", str(out)]) == 2
    assert "expected int8 to lose at most 0.3 points, got" in capsys.readouterr().err
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    ("images", "real", "int8", "passes"),
    [(800, 770, 768, True), (800, 770, 767, False), (10, 10, 9, True), (10, 10, 8, False)],
)
def test_int8_may_lose_three_in_a_thousand_or_one(
    images: int, real: int, int8: int, passes: bool
) -> None:
    of_float, of_int8 = (Accuracy(images, 0, correct) for correct in (real, int8))
    with nullcontext() if passes else pytest.raises(ConvertError, match="to lose at most"):
        check_loss("genki4k", of_float, of_int8)


def two_channels(path: Path) -> None:
    inputs = keras.Input((64, 64, 2))
    pooled = keras.layers.GlobalAveragePooling2D()(inputs)
    keras.Model(inputs, keras.layers.Dense(1)(pooled)).save(path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (two_channels, "expected a model (n, side, side, 1) -> (n, 1), got (None, 64, 64, 2)"),
        (lambda path: path.write_bytes(b"no model"), "x.keras: expected a Keras model, got: "),
        (lambda _: None, "x.keras: expected a .keras file, got no file there"),
    ],
)
def test_a_file_that_is_no_such_model_is_refused(
    make: Any, message: str, tiny_sets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.keras"
    make(path)
    assert main([str(path), "--data", str(tiny_sets), "--out", str(tmp_path / "out")]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("train", "expected faces in the validation pictures, got none"),
        ("none", "none: expected one of genki4k"),
    ],
)
def test_data_that_is_not_enough_is_refused(
    source: Path,
    portraits: Path,
    data: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("SMILE_GATE_DATA", raising=False)
    folder = tmp_path / "train" / "fer2013" / "train" / "happy"
    folder.mkdir(parents=True)
    shutil.copy(portraits / "b-collins.jpg", folder / "Training_1.jpg")
    assert main([str(source), "--data", str(tmp_path / data), "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err
