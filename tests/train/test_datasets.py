from __future__ import annotations

import gzip
import tarfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import ImageError
from tests.conftest import ROOT
from train.datasets import DataError, load, without_leaks


def test_reads_all_sets(tiny_sets: Path) -> None:
    pictures = load(tiny_sets)
    assert Counter((p.dataset, p.smiling, p.is_crop) for p in pictures) == {
        ("genki4k", True, False): 30,
        ("genki4k", False, False): 20,
        ("SMILEsmileD", True, True): 20,
        ("SMILEsmileD", False, True): 20,
        ("fer2013", True, True): 12,
        ("fer2013", False, True): 24,
    }


def test_reads_only_the_named_sets(tiny_sets: Path) -> None:
    assert {p.dataset for p in load(tiny_sets, ["fer2013"])} == {"fer2013"}


def test_a_folder_reads_like_its_tar(tiny_sets: Path, tmp_path: Path) -> None:
    with tarfile.open(tiny_sets / "genki4k.tar") as tar:
        tar.extractall(tmp_path, filter="data")
    # macOS writes such files beside others; they are no pictures.
    (tmp_path / "genki4k" / "files" / "._file0001.jpg").write_bytes(b"resource fork")
    assert load(tmp_path) == load(tiny_sets, ["genki4k"])


def test_the_split_is_stratified(tiny_sets: Path) -> None:
    counts = Counter((p.split, p.smiling) for p in load(tiny_sets, ["genki4k"]))
    assert counts["test", True] == 6
    assert counts["test", False] == 4
    assert counts["validation", True] + counts["validation", False] == 4
    assert sum(counts.values()) == 50


def test_equal_pixels_are_on_one_side(tiny_sets: Path) -> None:
    splits = {p.name: p.split for p in load(tiny_sets, ["genki4k"])}
    assert splits["file0029.jpg"] == splits["file0030.jpg"]
    assert splits["file0049.jpg"] == splits["file0050.jpg"]


def test_fer2013_is_split_by_its_usage(tiny_sets: Path) -> None:
    for picture in load(tiny_sets, ["fer2013"]):
        usage = picture.name.partition("_")[0]
        expected = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
        assert picture.split == expected[usage]
        assert picture.smiling == (picture.label == "happy")


def test_train_pictures_that_are_also_held_out_are_dropped(tiny_sets: Path) -> None:
    pictures = load(tiny_sets, ["fer2013"])
    test = next(p for p in pictures if p.split == "test")
    train = next(p for p in pictures if p.split == "train")
    leaked = [replace(p, group=test.group) if p is train else p for p in pictures]
    kept = without_leaks(leaked)
    assert len(kept) == len(pictures) - 1
    assert train.name not in {p.name for p in kept if p.split == "train"}


JPEG = cv2.imencode(".jpg", np.zeros((8, 8), np.uint8))[1].tobytes()
BROKEN = r"fer2013\.tar: expected a tar file, got"
BROKEN_JPEG = r"fer2013/Training_1\.jpg: expected an image"
NO_LABELS = r"genki4k: expected a line in labels\.txt for each of 1 "


@pytest.mark.parametrize(
    ("files", "names", "message"),
    [
        ({}, [], "expected one of genki4k, SMILEsmileD, fer2013"),
        ({}, ["genki4k"], r"expected genki4k\.tar or a folder genki4k in it"),
        ({}, ["lfw"], "lfw: expected a data set among genki4k"),
        ({"genki4k/file0001.jpg": JPEG}, [], NO_LABELS),
        ({"SMILEsmileD/readme": b""}, [], "expected the pictures of SMILEsmileD, got none"),
        ({"fer2013.tar": b"no tar" * 999}, [], BROKEN),
        ({"fer2013.tar": gzip.compress(b"tar" * 9999)[:30]}, [], BROKEN),
        ({"fer2013/train/happy/Training_1.jpg": b"no image"}, [], BROKEN_JPEG),
    ],
)
def test_incomplete_data_is_refused(
    files: dict[str, bytes], names: list[str], message: str, tmp_path: Path
) -> None:
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    with pytest.raises(ImageError if message == BROKEN_JPEG else DataError, match=message):
        load(tmp_path, names)


def test_the_real_split_is_the_one_written_down(data: Path) -> None:
    pictures = load(data, ["genki4k"])
    test = sorted(p.name for p in pictures if p.split == "test")
    assert len(pictures) == 4000
    assert len(test) == 800
    assert test == (ROOT / "train" / "splits" / "genki4k-test.txt").read_text().split()
    sides: dict[str, set[str]] = {}
    for picture in pictures:
        sides.setdefault(picture.group, set()).add(picture.split)
    assert len(pictures) - len(sides) == 14
    assert all(len(splits) == 1 for splits in sides.values())
