"""Fit a recipe: progress bar, best weights kept, early stopping, resumable, history.csv."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras

from train.batches import Batches, Examples
from train.crops import as_input, cut
from train.datasets import DataError, Picture, Split, load, without_leaks
from train.recipes import RECIPES, Recipe

CONTEXT = 1.25
HISTORY = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")


class Checkpoints(keras.callbacks.Callback):  # type: ignore[misc]
    """After each epoch: a line in history.csv, the best weights, a checkpoint to resume from."""

    def __init__(self, recipe: Recipe, name: str, out: Path) -> None:
        super().__init__()
        self._recipe = recipe
        self._best_path = out / f"{name}.keras"
        self._last_path = out / "last.keras"
        self._history_path = out / "history.csv"
        self.rows: list[dict[str, float]] = []

    def resume(self, steps_per_epoch: int) -> keras.Model | None:
        """Return the model of an interrupted run's last whole epoch; None if there is none."""
        if not self._last_path.exists():
            return None
        model = keras.models.load_model(self._last_path)
        epochs = int(model.optimizer.iterations.numpy()) // steps_per_epoch
        with self._history_path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        self.rows = [
            {key: int(value) if key == "epoch" else float(value) for key, value in row.items()}
            for row in rows[:epochs]
        ]
        return model

    @property
    def epochs_since_best(self) -> int:
        losses = [row["val_loss"] for row in self.rows]
        return len(losses) - 1 - losses.index(min(losses)) if losses else 0

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        logs = {"epoch": epoch + 1, **(logs or {})}
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        self.rows.append({key: logs[key] for key in HISTORY})
        if self.epochs_since_best == 0:
            clean = self._recipe.build(self._recipe.input_size)  # leaves the optimizer out
            clean.set_weights(self.model.get_weights())
            _replace(self._best_path, clean)
        with self._history_path.open("w", newline="") as file:
            writer = csv.DictWriter(file, HISTORY)
            writer.writeheader()
            writer.writerows(self.rows)
        _replace(self._last_path, self.model)
        if self.epochs_since_best >= self._recipe.patience:
            self.model.stop_training = True


def fit(
    name: str,
    data: Path,
    out: Path,
    *,
    sets: Sequence[str] = (),
    epochs: int | None = None,
    seed: int = 42,
) -> Path:
    """Fit a recipe and keep the epoch with the lowest validation loss.

    Every set has the same weight in the validation loss, whatever its size. The same call after an
    interrupted run continues from its last whole epoch.

    Args:
        name: a recipe in ``train.recipes.RECIPES``.
        data: folder with the data sets.
        out: folder for ``NAME.keras``, ``history.csv``, ``training.json`` and ``last.keras``.
        sets: which data sets; all that are there when empty.
        epochs: number of epochs; None for the recipe's.
        seed: of initial weights, order and augmentation.

    Returns:
        The path of the best model.

    Raises:
        DataError: unknown recipe, missing data, or ``out`` holds a run with other settings.
    """
    if name not in RECIPES:
        raise DataError(f"{name}: expected a recipe among {', '.join(RECIPES)}")
    out.mkdir(parents=True, exist_ok=True)
    recipe = RECIPES[name]
    epochs = epochs or recipe.epochs
    keras.utils.set_random_seed(seed)

    pictures = without_leaks(load(data, sets))

    def examples(split: Split, context: float) -> Examples:
        chosen = [picture for picture in pictures if picture.split == split]
        size, margin = recipe.input_size, recipe.crop_margin
        return Examples.of(cut(chosen, size=size, margin=margin, context=context))

    train, validation = examples("train", CONTEXT), examples("validation", 1.0)
    if not train.pixels or not validation.pixels:
        raise DataError(f"{data}: expected faces in train and validation pictures, got none")
    settings = {"recipe": name, "seed": seed, **asdict(recipe), "epochs": epochs}
    _write_training(out / "training.json", settings, pictures)

    checkpoints = Checkpoints(recipe, name, out)
    steps = len(Batches(train, recipe, seed, 0))
    model = checkpoints.resume(steps)
    done = len(checkpoints.rows)
    if model is None:
        model = recipe.build(recipe.input_size)
        model.compile(
            optimizer=keras.optimizers.AdamW(
                keras.optimizers.schedules.CosineDecay(
                    recipe.learning_rate / 20,
                    decay_steps=max(1, steps * (epochs - 1)),
                    warmup_target=recipe.learning_rate,
                    warmup_steps=steps,
                ),
                weight_decay=recipe.weight_decay,
            ),
            loss=keras.losses.BinaryCrossentropy(label_smoothing=recipe.label_smoothing),
            metrics=[],
            weighted_metrics=["accuracy"],
            jit_compile=False,
        )
    else:
        print(f"{out}: going on after epoch {done} of {epochs}")
    if done < epochs and checkpoints.epochs_since_best < recipe.patience:
        model.fit(
            Batches(train, recipe, seed, done),
            validation_data=(as_input(validation.pixels), validation.labels, validation.weights),
            validation_batch_size=256,
            epochs=epochs,
            initial_epoch=done,
            callbacks=[checkpoints],
        )
    return out / f"{name}.keras"


def _replace(path: Path, model: keras.Model) -> None:
    partial = path.with_name(f"partial-{path.name}")
    model.save(partial)
    partial.replace(path)


def _write_training(path: Path, settings: dict[str, Any], pictures: Sequence[Picture]) -> None:
    """Record this run's settings and data; refuse a folder with a run of other settings."""
    counts: dict[str, dict[str, int]] = {}
    for picture in pictures:
        of_set = counts.setdefault(picture.dataset, {"train": 0, "validation": 0, "test": 0})
        of_set[picture.split] += 1
    facts = {key: value for key, value in settings.items() if key != "build"}
    facts["pictures"] = counts
    if path.exists() and json.loads(path.read_text()) != facts:
        raise DataError(
            f"{path.parent}: expected an empty folder or a run with these settings, "
            "got a run with others"
        )
    path.write_text(json.dumps(facts, indent=2) + "\n")
