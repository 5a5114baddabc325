"""The model that scores smiles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

SHIPPED_BUNDLE = Path(__file__).resolve().parents[2] / "models" / "smilenet"


class ModelSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[model]: the network that scores smiles.

    Attributes:
        bundle: bundle folder; a relative path starts at the configuration file.
        threads: threads of the TFLite interpreter.
        edge_tpu: where the model runs: auto is a Coral accelerator on USB if there is one that
            works and the bundle has a model compiled for it, else the CPU; usb is the accelerator
            only; off is the CPU. Why: a gate should work without its accelerator, too.
    """

    bundle: str = str(SHIPPED_BUNDLE)
    threads: Annotated[int, Meta(ge=1, le=8)] = 1
    edge_tpu: Literal["auto", "off", "usb"] = "auto"
