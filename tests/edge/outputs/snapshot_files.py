"""Pictures for a snapshot to save, and what is in its folder."""

from __future__ import annotations

import os
import time
from pathlib import Path

import cv2
import numpy as np

from edge.settings import SnapshotSettings
from edge.values import Frame, Picture

HEIGHT, WIDTH = 64, 96
BLUE, GREEN, RED, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
DAY_S = 86_400

OURS = ("smile-20260131-142530-123.jpg", "smile-20260131-142530-123-strip.jpg")
OTHERS = (
    "holiday.jpg",
    "notes.txt",
    "smile.jpg",
    "smile-20260131-142530.jpg",
    "smile-20260131-142530-123.jpeg",
    "smile-20260131-142530-123-jpg",
    "smile-20260131-142530-123.jpg.bak",
    "smile-20260131-142530-123-best.jpg",
    "my-smile-20260131-142530-123.jpg",
    "Smile-20260131-142530-123.jpg",
)


def album(folder: Path, **settings: float | str) -> dict[str, SnapshotSettings]:
    given = {"min_free_mb": 10, **settings}
    return {"album": SnapshotSettings(folder=str(folder), **given)}  # type: ignore[arg-type]


def halves(left: tuple[int, int, int], right: tuple[int, int, int]) -> Picture:
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[:, : WIDTH // 2], picture[:, WIDTH // 2 :] = left, right
    return picture


def framed(picture: Picture, time: float = 12.5) -> Frame:
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    return Frame(0, time, grey, lambda: picture)


def is_coloured(picture: Picture, colour: tuple[int, int, int]) -> bool:
    """Tell whether it is of one colour, as far as a JPEG keeps it."""
    inside = picture[8:-8, 8:-8].astype(int)
    return bool(np.all(np.abs(inside - colour) < 12))


def put(folder: Path, *names: str, age_s: float = 0.0, size: int = 10) -> None:
    folder.mkdir(exist_ok=True)
    then = time.time() - age_s
    for name in names:
        with (folder / name).open("wb") as file:
            file.truncate(size)
        os.utime(folder / name, (then, then))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name not in {*OURS, *OTHERS})
