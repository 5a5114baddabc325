from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.errors import BundleError
from edge.model.bundle import LARGEST_FILE, load_bundle, self_test_pictures
from edge.settings import SHIPPED_BUNDLE
from tests.edge.model.fake_coral import bundle_with

SHA = 64 * "0"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED_BUNDLE, tmp_path / "bundle"))


def edit(bundle: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = bundle / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def test_the_shipped_bundle_is_complete_and_small() -> None:
    bundle = load_bundle(SHIPPED_BUNDLE)
    assert bundle.model == (SHIPPED_BUNDLE / bundle.manifest.model).read_bytes()
    assert len(bundle.model) < 400_000
    assert {Path(name).suffix for name in bundle.manifest.files} == {".tflite", ".keras"}


def test_a_missing_bundle_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        BundleError, match=r"nowhere/manifest\.json: expected a model bundle.* got: No such"
    ):
        load_bundle(tmp_path / "nowhere")
    with pytest.raises(BundleError, match="expected a model bundle's manifest, got: embedded null"):
        load_bundle(tmp_path / "a\0b")


@pytest.mark.parametrize("name", ["smilenet.tflite", "smilenet.keras"])
def test_an_altered_or_missing_file_is_named(bundle: Path, name: str) -> None:
    data = bytearray((bundle / name).read_bytes())
    data[len(data) // 2] ^= 1
    (bundle / name).write_bytes(data)
    with pytest.raises(
        BundleError,
        match=rf"{name}: expected SHA-256 \w{{12}}\.\.\., got \w{{12}}\.\.\.: the file is not",
    ):
        load_bundle(bundle)
    (bundle / name).unlink()
    with pytest.raises(BundleError, match=rf"{name}: expected a file of the bundle"):
        load_bundle(bundle)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(format=99), r"manifest\.json: expected format 1, got 99"),
        (lambda m: (m.clear(), m.update(format=2)), "expected format 1, got 2"),
        (lambda m: m.update(threshold=1.5), r"`float` <= 1\.0 - at `\$\.threshold`"),
        (lambda m: m.pop("input"), "missing required field `input`"),
        (lambda m: m["input"].update(height=32), "expected a square input, got 64x32"),
        (lambda m: m["input"].update(colour="rgb"), "Invalid enum value 'rgb'"),
        (
            lambda m: m.update(model="other.tflite"),
            r"manifest\.json: expected 'other\.tflite' .* got only smilenet.tflite, \S+keras$",
        ),
        (lambda m: m.update(files={}), "among its files, got only none$"),
        (lambda m: m.update(model=""), "expected '' among its files"),
        (lambda m: m.update(edgetpu_model="e.tflite"), "expected 'e.tflite' among its files"),
        (lambda m: m["files"].update({"../x": SHA}), r"manifest\.json: expected names of files"),
        (lambda m: m["files"].update({"a\0b": SHA}), r"files inside the bundle, got 'a\\x00b'$"),
        (lambda m: m["files"].update({"a\nb": SHA}), r"files inside the bundle, got 'a\\nb'$"),
        (lambda m: m["files"].update({"a": SHA}), "a: expected a file of the bundle"),
        (lambda m: m["files"].update({"a": "0\n"}), r"`str` matching regex .* at `\$\.files"),
        (lambda m: m.update(self_test="0.5"), r"Expected `array`, got `str` - at `\$\.self_test"),
        (lambda m: m.update(self_test=[True]), r"Expected `float`, got `bool` - at `\$\.self_test"),
    ],
)
def test_a_manifest_with_a_wrong_field_is_refused(
    bundle: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    edit(bundle, change)
    with pytest.raises(BundleError, match=message):
        load_bundle(bundle)


DEEP = b'{"format": 1, "x": ' + b"[" * 100_000


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b'"x"', b'{"format": 1, "name": "\xff"}', DEEP], ids=lambda t: t[:9]
)
def test_a_file_that_is_no_manifest_is_refused(bundle: Path, text: bytes) -> None:
    (bundle / "manifest.json").write_bytes(text)
    with pytest.raises(BundleError, match=r"manifest\.json: not a bundle's manifest"):
        load_bundle(bundle)


def test_a_file_larger_than_any_model_is_refused(bundle: Path) -> None:
    os.truncate(bundle / "smilenet.keras", LARGEST_FILE + 1)
    with pytest.raises(BundleError, match="expected a file of the bundle, got: more than 64 MiB"):
        load_bundle(bundle)


def test_a_bundle_from_before_the_self_test_existed_is_valid(bundle: Path) -> None:
    edit(bundle, lambda manifest: manifest.pop("self_test"))
    assert load_bundle(bundle).manifest.self_test == ()


def test_a_model_for_the_edge_tpu_is_read_like_the_cpu_s(tmp_path: Path) -> None:
    folder = bundle_with(tmp_path / "b", b"compiled")
    assert load_bundle(folder).edgetpu_model == b"compiled"
    assert load_bundle(SHIPPED_BUNDLE).edgetpu_model == b""


def test_the_patterns_of_the_self_test_are_the_same_everywhere() -> None:
    pictures = list(self_test_pictures(64))
    assert {(picture.shape, picture.dtype.name) for picture in pictures} == {((64, 64), "uint8")}
    digest = hashlib.sha256(b"".join(picture.tobytes() for picture in pictures)).hexdigest()
    assert digest.startswith("ef3251bfd10c826b")
    assert [picture.shape for picture in self_test_pictures(48)] == [(48, 48)] * 8
