"""A fake Coral accelerator: a folder of USB devices, a library and a compiled model.

The library is a real TFLite delegate, built from libedgetpu.c. The model is one that no interpreter
runs without that delegate: its last operator is replaced by the operator of Google's compiler.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import flatbuffers
import pytest
from ai_edge_litert import schema_py_generated as schema

from edge.model.edgetpu import EDGE_TPU, READY, EdgeTpu, UsbId
from edge.settings import SHIPPED_BUNDLE


def compiled(model: bytes) -> bytes:
    """Return a model with its LOGISTIC as Google's compiler might leave it."""
    whole = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))
    operator = schema.BuiltinOperator
    [code] = [code for code in whole.operatorCodes if code.builtinCode == operator.LOGISTIC]
    code.builtinCode = code.deprecatedBuiltinCode = operator.CUSTOM
    code.customCode = "edgetpu-custom-op"
    code.version = 1
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
    """The accelerator, as the kernel and the library show it; counts its probes."""

    def __init__(self, devices: Path, library: Path, patch: pytest.MonkeyPatch) -> None:
        self.devices = devices
        self.edge_tpu = EdgeTpu(str(library), devices, run=self._run)
        self.probes = 0
        self._patch = patch
        for name, usb_id in {"usb1": ("1d6b", "0002"), "1-1": ("046d", "0825")}.items():
            self.plug(usb_id, name)
        (devices / "1-1:1.0").mkdir()

    def _run(self, *arguments: Any, **options: Any) -> subprocess.CompletedProcess[str]:
        self.probes += 1
        return subprocess.run(*arguments, check=False, **options)

    def plug(self, usb_id: UsbId = READY, name: str = "2-1") -> None:
        (self.devices / name).mkdir(parents=True, exist_ok=True)
        for file, text in zip(("idVendor", "idProduct"), usb_id, strict=True):
            (self.devices / name / file).write_text(f"{text}\n")

    def unplug(self) -> None:
        shutil.rmtree(self.devices / "2-1")

    def does(self, how: str) -> None:
        """From now on it is ``absent``, does ``crash``, is ``lost``, gives ``wrong`` scores, or is
        ``well`` again."""
        self._patch.setenv("FAKE_EDGE_TPU", how)


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None:
        pytest.skip("gcc, which builds the fake of Google's library, is not installed here")
    path = tmp_path_factory.mktemp("library") / "libedgetpu.so.1"
    source = Path(__file__).with_name("libedgetpu.c")
    options = ["-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run(["gcc", *options, "-o", path, source, "-lm"], check=True)
    return path


@pytest.fixture
def coral(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Coral:
    """Plugged in, with its firmware; also the accelerator of this process."""
    coral = Coral(tmp_path / "devices", library, monkeypatch)
    coral.plug()
    monkeypatch.setattr(EDGE_TPU, "__dict__", vars(coral.edge_tpu))  # the same state, too
    return coral


@pytest.fixture
def coral_bundle(tmp_path: Path) -> Path:
    model = (SHIPPED_BUNDLE / "smilenet.tflite").read_bytes()
    return bundle_with(tmp_path / "coral-bundle", compiled(model))
