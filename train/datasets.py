"""The three labelled picture sets, read straight from their tar files or from unpacked folders.

A data folder holds any of ``genki4k``, ``SMILEsmileD`` and ``fer2013``, each as ``NAME.tar`` or as
a folder ``NAME``. The splits, which docs/training.md describes, are fixed and depend on nothing but
file names and pixels.
"""

from __future__ import annotations

import hashlib
import math
import re
import tarfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal

from edge.cameras.image_file import IMAGE_SUFFIXES, decode_grey
from edge.errors import SmileGateError

Split = Literal["train", "validation", "test"]
SEED = 42
TEST_SHARE = 0.2
VALIDATION_SHARE = 0.1


class DataError(SmileGateError, ValueError):
    """A data folder has none of the known sets, or a set is incomplete."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One labelled picture.

    Attributes:
        dataset: name of its set.
        name: path inside the set, with forward slashes.
        data: the encoded image, as in the set.
        smiling: the label.
        split: train, validation or test.
        is_crop: True when the picture is already a face crop, so that no detector is needed.
        group: digest of the decoded pixels; equal for pictures with equal pixels.
        label: the set's own label where it says more than smiling or not; else empty.
    """

    dataset: str
    name: str
    data: bytes
    smiling: bool
    split: Split
    is_crop: bool
    group: str
    label: str = ""


def load(root: Path, names: Sequence[str] = ()) -> list[Picture]:
    """Read the named sets below ``root``, or every known set that is there.

    Raises:
        DataError: a named set, or all of them, is missing or incomplete.
        ImageError: a picture in a set can't be decoded.
    """
    for name in names:
        if name not in READERS:
            raise DataError(f"{name}: expected a data set among {', '.join(READERS)}")
    sources: dict[str, Path] = {}
    for name in names or READERS:
        paths = [path for path in (root / f"{name}.tar", root / name) if path.exists()]
        if paths:
            sources[name] = paths[0]
        elif names:
            raise DataError(f"{root}: expected {name}.tar or a folder {name} in it, got neither")
    if not sources:
        raise DataError(f"{root}: expected one of {', '.join(READERS)} (.tar or folder), got none")
    pictures: list[Picture] = []
    for name, source in sources.items():
        of_set = READERS[name](source)
        if not of_set:
            raise DataError(f"{source}: expected the pictures of {name}, got none")
        pictures += of_set
    return pictures


def without_leaks(pictures: Sequence[Picture]) -> list[Picture]:
    """Drop train pictures whose pixels also occur in a validation or test split, and validation
    pictures that occur in a test split, of any set (FER2013 repeats many of its own)."""
    test = {p.group for p in pictures if p.split == "test"}
    validation = {p.group for p in pictures if p.split == "validation"} | test
    held_out: dict[Split, set[str]] = {"train": validation, "validation": test, "test": set()}
    return [p for p in pictures if p.group not in held_out[p.split]]


def _genki4k(source: Path) -> list[Picture]:
    labels: list[bool] = []
    files: dict[int, tuple[str, bytes]] = {}
    for path, data in _files(source):
        if path.name == "labels.txt":
            labels = [line[:1] == b"1" for line in data.splitlines() if line.strip()]
        elif match := re.fullmatch(r"file(\d{4})\.jpg", path.name):
            files[int(match[1])] = (path.name, data)
    if len(files) != len(labels) or max(files, default=0) > len(labels):
        raise DataError(
            f"{source}: expected a line in labels.txt for each of {len(files)} images, "
            f"got {len(labels)}"
        )
    pictures = [
        _picture("genki4k", name, data, smiling=labels[number - 1], is_crop=False)
        for number, (name, data) in sorted(files.items())
    ]
    return _divide(pictures)


def _smilesmiled(source: Path) -> list[Picture]:
    pictures = []
    for path, data in _files(source):
        if path.suffix == ".jpg" and {"positives", "negatives"} & set(path.parts):
            name, smiling = "/".join(path.parts[-2:]), "positives" in path.parts
            pictures.append(_picture("SMILEsmileD", name, data, smiling=smiling, is_crop=True))
    return _divide(sorted(pictures, key=lambda p: p.name))


_FER_SPLITS: dict[str, Split] = {
    "Training": "train",
    "PublicTest": "validation",
    "PrivateTest": "test",
}


def _fer2013(source: Path) -> list[Picture]:
    pictures = []
    for path, data in _files(source):
        usage = path.name.partition("_")[0]
        if path.suffix not in IMAGE_SUFFIXES or usage not in _FER_SPLITS:
            continue
        emotion = path.parent.name
        picture = _picture(
            "fer2013", path.name, data, smiling=emotion == "happy", is_crop=True, label=emotion
        )
        pictures.append(replace(picture, split=_FER_SPLITS[usage]))
    return sorted(pictures, key=lambda p: p.name)


READERS: dict[str, Callable[[Path], list[Picture]]] = {
    "genki4k": _genki4k,
    "SMILEsmileD": _smilesmiled,
    "fer2013": _fer2013,
}


def _picture(
    dataset: str, name: str, data: bytes, *, smiling: bool, is_crop: bool, label: str = ""
) -> Picture:
    pixels = decode_grey(data, f"{dataset}/{name}")
    group = hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()
    return Picture(dataset, name, data, smiling, "train", is_crop, group, label)


def _divide(pictures: list[Picture]) -> list[Picture]:
    """Assign the 80/20 split and the validation tenth, stratified, whole groups at a time.

    Groups are ordered by SHA-256 over seed and name, which is the same on every machine and in
    every version of every library. A group has the name and the label of its first picture.
    """
    groups: dict[str, list[Picture]] = defaultdict(list)
    for picture in pictures:
        groups[picture.group].append(picture)
    split_of: dict[str, Split] = {}
    for smiling in (True, False):
        stratum = [g for g in groups.values() if g[0].smiling is smiling]
        stratum.sort(key=lambda g: hashlib.sha256(f"{SEED}/{g[0].name}".encode()).digest())
        total = sum(len(g) for g in stratum)
        n_test = math.floor(TEST_SHARE * total + 0.5)
        n_held = n_test + math.floor(VALIDATION_SHARE * (total - n_test) + 0.5)
        taken = 0
        for group in stratum:
            # A group too large for the rest of the test split is for training: the count is exact.
            if taken + len(group) <= n_test:
                split: Split = "test"
            elif taken < n_test:
                split_of[group[0].group] = "train"
                continue
            else:
                split = "validation" if taken + len(group) <= n_held else "train"
            split_of[group[0].group] = split
            taken += len(group)
    return [replace(p, split=split_of[p.group]) for p in pictures]


def _files(source: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                yield PurePosixPath(path.relative_to(source).as_posix()), path.read_bytes()
        return
    try:
        with tarfile.open(source) as tar:
            for member in tar:
                inside = PurePosixPath(member.name)
                handle = tar.extractfile(member) if member.isfile() else None
                if handle is not None and not inside.name.startswith("."):
                    yield inside, handle.read()
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise DataError(f"{source}: expected a tar file, got: {error}") from error
