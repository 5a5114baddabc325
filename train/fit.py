"""Fit a recipe: progress bar, best weights kept, early stopping, resumable, history.csv."""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np

from train.augment import augment, mixup
from train.crops import Crop, as_input, cut
from train.datasets import DataError, Picture, load, without_leaks
from train.recipes import RECIPES, Recipe

CONTEXT = 1.25
HISTORY = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Augmented training batches. Each epoch and batch has its own seed, so that a resumed run
    sees what an uninterrupted one would have seen."""

    def __init__(self, crops: Sequence[Crop], recipe: Recipe, seed: int, epoch: int) -> None:
        super().__init__()
        self._crops = crops
        self._shares = np.array([recipe.repeats.get(c.picture.dataset, 1.0) for c in crops])
        self._recipe = recipe
        self._seed = seed
        self._epoch = epoch - 1
        self.on_epoch_begin()

    def on_epoch_begin(self) -> None:
        self._epoch += 1
        rng = np.random.default_rng((self._seed, self._epoch))
        # A share of 2.3 shows a picture twice, and with a chance of 0.3 once more; dealing the
        # chances out evenly keeps the number of pictures the same in each epoch.
        turns = rng.permutation(len(self._crops))
        ends = np.floor(np.cumsum(self._shares[turns]) + 1e-6).astype(int)
        counts = np.diff(ends, prepend=0)
        self._order = rng.permutation(np.repeat(turns, counts))

    def __len__(self) -> int:
        return math.ceil(len(self._order) / self._recipe.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        rng = np.random.default_rng((self._seed, self._epoch, index))
        step = self._recipe.batch_size
        chosen = [self._crops[i] for i in self._order[index * step : (index + 1) * step]]
        inputs = as_input(
            augment(crop.pixels, self._recipe.input_size, rng)
            for crop in chosen
            if crop.pixels is not None
        )
        return mixup(inputs, _labels(chosen), self._recipe.mixup, rng)


class Keeper(keras.callbacks.Callback):  # type: ignore[misc]
    """After each epoch: a line in history.csv, the best weights, a checkpoint to resume from."""

    def __init__(self, recipe: Recipe, name: str, out: Path) -> None:
        super().__init__()
        self._recipe = recipe
        self._best_path = out / f"{name}.keras"
        self._last_path = out / "last.keras"
        self._history_path = out / "history.csv"
        self.rows: list[dict[str, float]] = []

    def resume(self, steps_per_epoch: int) -> keras.Model | None:
        """Return the checkpointed model of an interrupted run, None if there is none."""
        if not self._last_path.exists():
            return None
        model = keras.models.load_model(self._last_path, custom_objects={"accuracy": accuracy})
        epochs = int(model.optimizer.iterations.numpy()) // steps_per_epoch
        with self._history_path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        self.rows = [
            {key: int(value) if key == "epoch" else float(value) for key, value in row.items()}
            for row in rows
        ]
        self.rows = self.rows[:epochs]
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


def accuracy(labels: keras.KerasTensor, scores: keras.KerasTensor) -> keras.KerasTensor:
    """Metric: how often score and label, which mixup makes a share, are on one side of 0.5."""
    same = keras.ops.equal(labels > 0.5, scores > 0.5)
    return keras.ops.mean(keras.ops.cast(same, "float32"), axis=-1)


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

    Every set counts alike in the validation loss, whatever its size. A run that was interrupted
    goes on where its last whole epoch ended when the same call is made again.

    Args:
        name: a recipe in ``train.recipes.RECIPES``.
        data: folder with the data sets.
        out: folder for ``NAME.keras``, ``history.csv``, ``training.json`` and ``last.keras``.
        sets: which data sets; all that are there when empty.
        epochs: instead of the recipe's.
        seed: of initial weights, order and augmentation.

    Returns:
        The path of the best model.

    Raises:
        DataError: unknown recipe, missing data, or ``out`` holds a run with other settings.
    """
    if name not in RECIPES:
        raise DataError(f"{name}: expected a recipe among {', '.join(RECIPES)}")
    recipe = RECIPES[name]
    epochs = epochs or recipe.epochs
    keras.utils.set_random_seed(seed)

    pictures = without_leaks(load(data, sets))
    train = _found(cut(_of(pictures, "train"), **_view(recipe), context=CONTEXT))
    held = _found(cut(_of(pictures, "validation"), **_view(recipe)))
    if not train or not held:
        raise DataError(
            f"{data}: expected train and validation faces, got {len(train)}+{len(held)}"
        )
    out.mkdir(parents=True, exist_ok=True)
    _write_training(out / "training.json", name, recipe, pictures, epochs=epochs, seed=seed)

    keeper = Keeper(recipe, name, out)
    steps = len(Batches(train, recipe, seed, 0))
    model = keeper.resume(steps)
    done = len(keeper.rows)
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
            weighted_metrics=[accuracy],
            jit_compile=False,
        )
    else:
        print(f"{out}: going on after epoch {done} of {epochs}")
    if done < epochs and keeper.epochs_since_best < recipe.patience:
        model.fit(
            Batches(train, recipe, seed, done),
            validation_data=(
                as_input(crop.pixels for crop in held if crop.pixels is not None),
                _labels(held),
                _equal_weights(held),
            ),
            validation_batch_size=256,
            epochs=epochs,
            initial_epoch=done,
            callbacks=[keeper],
        )
    return out / f"{name}.keras"


def _of(pictures: Sequence[Picture], split: str) -> list[Picture]:
    return [picture for picture in pictures if picture.split == split]


def _found(crops: Sequence[Crop]) -> list[Crop]:
    return [crop for crop in crops if crop.pixels is not None]


def _view(recipe: Recipe) -> dict[str, Any]:
    return {"size": recipe.input_size, "margin": recipe.crop_margin}


def _labels(crops: Sequence[Crop]) -> np.ndarray[Any, Any]:
    return np.array([[crop.picture.smiling] for crop in crops], np.float32)


def _equal_weights(crops: Sequence[Crop]) -> np.ndarray[Any, Any]:
    sizes = Counter(crop.picture.dataset for crop in crops)
    return np.array(
        [len(crops) / len(sizes) / sizes[crop.picture.dataset] for crop in crops], np.float32
    )


def _replace(path: Path, model: keras.Model) -> None:
    partial = path.with_name(f"partial-{path.name}")
    model.save(partial)
    partial.replace(path)


def _write_training(
    path: Path,
    name: str,
    recipe: Recipe,
    pictures: Sequence[Picture],
    *,
    epochs: int,
    seed: int,
) -> None:
    settings = asdict(recipe) | {"epochs": epochs}
    del settings["build"]
    counts: dict[str, dict[str, int]] = {}
    for picture in pictures:
        of_set = counts.setdefault(picture.dataset, {"train": 0, "validation": 0, "test": 0})
        of_set[picture.split] += 1
    facts = {"recipe": name, "seed": seed, **settings, "pictures": counts}
    if path.exists() and json.loads(path.read_text()) != facts:
        raise DataError(
            f"{path.parent}: expected an empty folder or a run with these settings, "
            "got a run with others"
        )
    path.write_text(json.dumps(facts, indent=2) + "\n")
