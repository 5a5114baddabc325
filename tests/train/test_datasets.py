from __future__ import annotations

import gzip
import tarfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

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


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected one of genki4k, SMILEsmileD, fer2013"):
        load(tmp_path)


def test_a_set_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected genki4k\.tar or a folder genki4k in it"):
        load(tmp_path, ["genki4k"])


def test_a_set_that_is_unknown_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="lfw: expected a data set among genki4k"):
        load(tmp_path, ["lfw"])


def test_a_set_without_its_labels_is_refused(tmp_path: Path, portraits: Path) -> None:
    folder = tmp_path / "genki4k"
    folder.mkdir()
    (folder / "file0001.jpg").write_bytes((portraits / "a-hopper.jpg").read_bytes())
    with pytest.raises(DataError, match=r"genki4k: expected a line in labels\.txt for each of 1 "):
        load(tmp_path)


def test_a_set_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "SMILEsmileD").mkdir()
    with pytest.raises(DataError, match="expected the pictures of SMILEsmileD, got none"):
        load(tmp_path)


def test_what_a_mac_puts_beside_files_is_passed_over(tiny_sets: Path, tmp_path: Path) -> None:
    with tarfile.open(tiny_sets / "genki4k.tar") as tar:
        tar.extractall(tmp_path, filter="data")
    (tmp_path / "genki4k" / "files" / "._file0001.jpg").write_bytes(b"resource fork")
    assert len(load(tmp_path)) == 50


@pytest.mark.parametrize("data", [b"no tar" * 999, gzip.compress(b"tar" * 9999)[:30]])
def test_a_broken_tar_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "fer2013.tar").write_bytes(data)
    with pytest.raises(DataError, match=r"fer2013\.tar: expected a tar file, got"):
        load(tmp_path)


def test_a_broken_picture_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "fer2013" / "train" / "happy"
    folder.mkdir(parents=True)
    (folder / "Training_1.jpg").write_bytes(b"no image")
    with pytest.raises(ImageError, match=r"fer2013/Training_1\.jpg: expected an image"):
        load(tmp_path)


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
