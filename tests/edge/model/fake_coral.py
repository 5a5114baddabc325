"""A Coral accelerator that is none: a list of USB devices, a library and a compiled model.

The library is a real TFLite delegate, made from libedgetpu.c. The model is one that no interpreter
runs without it: its last operator is replaced by the one that Google's compiler makes.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import flatbuffers
import pytest
from ai_edge_litert import schema_py_generated as schema

from edge.model import edgetpu
from edge.settings import SHIPPED_BUNDLE


def compiled(model: bytes) -> bytes:
    """Return a model with its LOGISTIC as Google's compiler might leave it."""
    whole = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))
    codes = [
        one for one in whole.operatorCodes if one.builtinCode == schema.BuiltinOperator.LOGISTIC
    ]
    assert len(codes) == 1
    codes[0].builtinCode = codes[0].deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    codes[0].customCode = "edgetpu-custom-op"
    codes[0].version = 1
    builder = flatbuffers.Builder(0)
    builder.Finish(whole.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def bundle_with(folder: Path, model: bytes) -> Path:
    """Return the shipped bundle's copy in a new folder, with a model for the Edge TPU."""
    shutil.copytree(SHIPPED_BUNDLE, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "c_edgetpu.tflite").write_bytes(model)
    manifest["edgetpu_model"] = "c_edgetpu.tflite"
    manifest["files"]["c_edgetpu.tflite"] = hashlib.sha256(model).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


class Coral:
    """The accelerator, as the kernel and the library show it."""

    def __init__(self, devices: Path, library: Path, patch: pytest.MonkeyPatch) -> None:
        self.devices = devices
        self._patch = patch
        patch.setattr(edgetpu, "DEVICES", devices)
        patch.setattr(edgetpu, "_failed", {})
        patch.setattr(edgetpu, "LIBRARY", str(library))
        for name, ids in {"usb1": ("1d6b", "0002"), "1-1": ("046d", "0825")}.items():
            self.plug(name, ids)
        (devices / "1-1:1.0").mkdir()

    def plug(self, name: str = "2-1", ids: tuple[str, str] = edgetpu.READY) -> None:
        (self.devices / name).mkdir(parents=True, exist_ok=True)
        for file, text in zip(("idVendor", "idProduct"), ids, strict=True):
            (self.devices / name / file).write_text(f"{text}\n")

    def unplug(self) -> None:
        shutil.rmtree(self.devices / "2-1")

    def does(self, how: str) -> None:
        """From now on it is ``absent``, or does ``crash``, or is ``lost``, or its scores ``wrong``;
        or all is well again."""
        self._patch.setenv("STAND_IN", how)


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed here, and makes the library that stands in for Google's")
    path = tmp_path_factory.mktemp("library") / "libedgetpu.so.1"
    source = Path(__file__).with_name("libedgetpu.c")
    options = ["-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run(["gcc", *options, "-o", path, source, "-lm"], check=True)
    return path


@pytest.fixture
def coral(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Coral:
    """One that is plugged in and has its firmware."""
    coral = Coral(tmp_path / "devices", library, monkeypatch)
    coral.plug()
    return coral


@pytest.fixture
def coral_bundle(tmp_path: Path) -> Path:
    model = (SHIPPED_BUNDLE / "smilenet.tflite").read_bytes()
    return bundle_with(tmp_path / "coral-bundle", compiled(model))
