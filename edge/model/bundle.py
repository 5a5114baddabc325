"""A model bundle: a folder with a manifest and the files that it names, checked on load.

Only the manifest tells the device what the model expects; ``convert`` writes it with these types.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta, Struct

from edge.errors import BundleError
from edge.regular_file import MIB, read_regular
from edge.values import Grey

MANIFEST = "manifest.json"
FORMAT = 1
LARGEST_FILE = 64 * MIB
"""Several times a model that a Pi can run."""


class Quantization(Struct, frozen=True):
    """real value = scale * (int8 value - zero_point)."""

    scale: Annotated[float, Meta(gt=0)]
    zero_point: Annotated[int, Meta(ge=-128, le=127)]


class Input(Struct, frozen=True):
    """The model's input: int8 (1, height, width, 1), real values luma 0.0 black to 1.0 white.

    ``crop_margin`` is the share of the face's box that the crop adds on each side.
    """

    width: Annotated[int, Meta(ge=8, le=1024)]
    height: Annotated[int, Meta(ge=8, le=1024)]
    colour: Literal["grey"]
    crop_margin: Annotated[float, Meta(ge=0, le=1)]
    quantization: Quantization

    def __post_init__(self) -> None:
        if self.width != self.height:
            raise ValueError(f"expected a square input, got {self.width}x{self.height}")


class Output(Struct, frozen=True):
    """The model's output: int8 (1, 1), real value the probability of ``labels[1]``."""

    labels: tuple[str, str]
    quantization: Quantization


class Manifest(Struct, frozen=True, kw_only=True):
    """A bundle's description.

    Attributes:
        model: name of the file with the CPU's model.
        edgetpu_model: name of the file with the model compiled for an Edge TPU; empty without.
        threshold: a face smiles when its score is at least this.
        self_test: the model's outputs for ``self_test_pictures``, which a device compares with
            those of its runtime; empty in bundles made before the self-test existed.
        training_data: for people and reports only, as are the ``metrics``.
        files: the SHA-256 of each file in hexadecimal, by the file's name.
    """

    format: int = FORMAT
    name: str
    model: str
    edgetpu_model: str = ""
    input: Input
    output: Output
    threshold: Annotated[float, Meta(ge=0, le=1)]
    self_test: tuple[float, ...] = ()
    training_data: dict[str, Any]
    metrics: dict[str, Any]
    files: dict[str, Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]]


class _Version(Struct, frozen=True):
    format: int


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """A checked bundle: its folder, its manifest and the bytes of its two model files, the second
    empty without a model for an Edge TPU."""

    folder: Path
    manifest: Manifest
    model: bytes
    edgetpu_model: bytes = b""


def self_test_pictures(side: int) -> Iterator[Grey]:
    """Yield eight patterns, uint8 of shape (side, side), the same on any machine."""
    y, x = np.mgrid[:side, :side]
    for k in range(8):
        yield np.asarray((x * (k + 1) // 4 ^ y * (2 * k + 3) // 4) & 255, np.uint8)


def load_bundle(folder: Path) -> Bundle:
    """Read a bundle and check the SHA-256 of every file its manifest names.

    Raises:
        BundleError: the folder, the manifest or a file is missing, the manifest is not valid, or a
            file is not the one the manifest was written for.
    """
    path = folder / MANIFEST
    manifest = _read_manifest(path)
    for name in manifest.files:
        if Path(name).name != name or not name.isprintable():
            raise BundleError(f"expected names of files inside the bundle, got {name!r}", path)
    for model in (manifest.model, manifest.edgetpu_model or manifest.model):
        if model not in manifest.files:
            names = ", ".join(manifest.files) or "none"
            raise BundleError(f"expected {model!r} among its files, got only {names}", path)
    contents = {name: _read(folder, name, digest) for name, digest in manifest.files.items()}
    compiled = contents.get(manifest.edgetpu_model, b"")
    return Bundle(folder, manifest, contents[manifest.model], compiled)


def _read_manifest(path: Path) -> Manifest:
    try:
        text = read_regular(path, at_most=MIB)
    except OSError as error:
        reason = f"expected a model bundle's manifest, got: {error.strerror}"
        raise BundleError(reason, path) from error
    try:
        version = msgspec.json.decode(text, type=_Version).format
        if version != FORMAT:
            raise BundleError(f"expected format {FORMAT}, got {version}", path)
        return msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"not a bundle's manifest: {error}", path) from error


def _read(folder: Path, name: str, expected: str) -> bytes:
    path = folder / name
    try:
        data = read_regular(path, LARGEST_FILE)
    except OSError as error:
        raise BundleError(f"expected a file of the bundle, got: {error.strerror}", path) from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != expected:
        raise BundleError(
            f"expected SHA-256 {expected[:12]}..., got {digest[:12]}...: "
            "the file is not the one the manifest was written for",
            path,
        )
    return data
