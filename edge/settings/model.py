"""The model that scores smiles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Struct

from edge.settings.metadata import between, meaning, why

SHIPPED_BUNDLE = Path(__file__).resolve().parents[2] / "models" / "smilenet"


class ModelSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[model]: the network that scores smiles."""

    bundle: Annotated[
        str, meaning("bundle folder; a relative path starts at the configuration file")
    ] = str(SHIPPED_BUNDLE)
    threads: Annotated[int, between(1, 8), meaning("threads of the TFLite interpreter")] = 1
    edge_tpu: Annotated[
        Literal["auto", "off", "usb"],
        meaning(
            "where the model runs: auto is a Coral accelerator on USB if there is one that works "
            "and the bundle has a model compiled for it, else the CPU; usb is the accelerator "
            "only; off is the CPU"
        ),
        why("a gate should work without its accelerator, too"),
    ] = "auto"
