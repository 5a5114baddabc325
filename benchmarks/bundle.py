"""The model bundle that is measured, and the settings that open the stages as the device does."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from edge.model.bundle import MANIFEST
from edge.settings import SHIPPED_BUNDLE, ModelSettings, Settings


def bundle_folder() -> Path:
    """Return the folder of the bundle that is measured: ``SMILE_GATE_MODEL__BUNDLE``, from which
    ``smile-gate run`` takes its bundle too, or the shipped bundle."""
    return Path(os.environ.get("SMILE_GATE_MODEL__BUNDLE", SHIPPED_BUNDLE))


def device_settings() -> Settings:
    """Return the settings of a device with the measured bundle: the defaults, by which the model
    runs on an Edge TPU where the bundle is compiled for it and an accelerator is plugged in."""
    return Settings(model=ModelSettings(bundle=str(bundle_folder())))


def digest(folder: Path) -> str:
    """Return the SHA-256 of a bundle's manifest, by which reports know the bundle."""
    return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
