from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path

import pytest

from train import cli
from train.recipes import RECIPES

keras = pytest.importorskip("keras", reason="TensorFlow is not installed here")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of 16 pictures, so that an epoch on a tiny set has several."""
    recipe = dataclasses.replace(RECIPES["smilenet"], batch_size=16, repeats={})
    monkeypatch.setitem(RECIPES, "smilenet", recipe)


def fit(data: Path, out: Path, epochs: int) -> int:
    arguments = ["fit", "smilenet", "--data", str(data), "--out", str(out)]
    return cli.main([*arguments, "--set", "SMILEsmileD", "--epochs", str(epochs)])


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_an_interrupted_run_goes_on_to_the_same_end(
    tiny_sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from train.fit import Checkpoints

    assert fit(tiny_sets, tmp_path / "whole", 3) == 0

    original = Checkpoints.on_epoch_end

    def interrupt(self: Checkpoints, epoch: int, logs: dict[str, float] | None = None) -> None:
        if epoch == 1:
            raise KeyboardInterrupt
        original(self, epoch, logs)

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "on_epoch_end", interrupt)
        assert fit(tiny_sets, tmp_path / "halved", 3) == 130
    assert len(rows(tmp_path / "halved")) == 1
    assert fit(tiny_sets, tmp_path / "halved", 3) == 0

    whole, halved = rows(tmp_path / "whole"), rows(tmp_path / "halved")
    assert [row["epoch"] for row in halved] == ["1", "2", "3"]
    for one, other in zip(whole, halved, strict=True):
        assert float(one["learning_rate"]) == pytest.approx(float(other["learning_rate"]))

    best = keras.models.load_model(tmp_path / "whole" / "smilenet.keras")
    assert best.input_shape == (None, 64, 64, 1)
    assert getattr(best, "optimizer", None) is None
    facts = json.loads((tmp_path / "whole" / "training.json").read_text())
    assert facts["recipe"] == "smilenet"
    assert facts["pictures"]["SMILEsmileD"]["test"] == 8


def test_fitting_stops_when_it_gets_no_better(
    tiny_sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    still = dataclasses.replace(RECIPES["smilenet"], learning_rate=0.0, patience=1)
    monkeypatch.setitem(RECIPES, "smilenet", still)
    assert fit(tiny_sets, tmp_path, 40) == 0
    assert 2 <= len(rows(tmp_path)) < 40


def test_other_settings_in_the_same_folder_are_refused(
    tiny_sets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(tiny_sets, tmp_path, 1) == 0
    capsys.readouterr()
    assert fit(tiny_sets, tmp_path, 2) == 2
    assert "expected an empty folder or a run with these settings" in capsys.readouterr().err


@pytest.mark.parametrize("epochs", ["0", "-1", "x"])
def test_epochs_that_are_none_are_refused(
    epochs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        cli.main(["fit", "smilenet", "--data", ".", "--out", str(tmp_path), f"--epochs={epochs}"])
    assert exit_.value.code == 2
    assert f"expected a whole number from 1, got '{epochs}'" in capsys.readouterr().err


def test_an_unknown_recipe_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["fit", "bignet", "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    assert cli.main(arguments) == 2
    assert capsys.readouterr().err == "train: bignet: expected a recipe among smilenet\n"
