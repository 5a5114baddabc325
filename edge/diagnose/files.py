"""Looks for the files that a configuration names, without opening any."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from edge.cameras.source import recorded_path
from edge.errors import ConfigError
from edge.model.bundle import MANIFEST
from edge.outputs.command import ENVIRONMENT
from edge.settings import CommandSettings, Settings, SnapshotSettings

IS = {"a file": os.path.isfile, "a folder": os.path.isdir, "a file or a folder": os.path.exists}


def find_missing(settings: Settings) -> Iterator[ConfigError]:
    """Yield an error for each file, folder and program of the settings that is not there. Of a
    folder for pictures a parent is enough; cameras are not looked for."""
    kind, source = recorded_path(settings.camera.source)
    yield from _expect(kind, "camera.source", source)
    yield from _expect("a file", "picamera2.tuning_file", settings.picamera2.tuning_file or None)
    yield from _expect("a file", "model.bundle", f"{settings.model.bundle}/{MANIFEST}")
    yield from _expect("a file", "faces.cascade", settings.faces.cascade)
    yield from _expect("a file", "faces.yunet_model", settings.faces.yunet_model)
    for name, output in settings.outputs.items():
        if isinstance(output, SnapshotSettings):
            folder = Path(output.folder)
            existing = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
            yield from _expect("a folder", f"outputs.{name}.folder", str(existing))
        elif isinstance(output, CommandSettings):
            program, places = output.command[0], (ENVIRONMENT | output.environment)["PATH"]
            if shutil.which(program, path=places) is None:
                reason = f"expected a program in {places}, got none there: {program}"
                yield ConfigError(reason, f"outputs.{name}.command")


def _expect(kind: str, key: str, path: str | None) -> Iterator[ConfigError]:
    """Yield an error if a path is given and names nothing of a kind among ``IS``."""
    if path is not None and not IS[kind](path):
        got = next((other for other, is_it in IS.items() if is_it(path)), "none there")
        yield ConfigError(f"expected {kind}, got {got}: {path}", key)
