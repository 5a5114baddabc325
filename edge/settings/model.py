"""The model that scores smiles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Struct

from edge.settings.metadata import setting

SHIPPED_BUNDLE = Path(__file__).resolve().parents[2] / "models" / "smilenet"


class ModelSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[model]: the network that scores smiles."""

    bundle: Annotated[
        str, setting("bundle folder; a relative path starts at the configuration file")
    ] = str(SHIPPED_BUNDLE)
    threads: Annotated[int, setting("interpreter threads", bounds=(1, 8))] = 1
    edge_tpu: Annotated[
        Literal["auto", "off", "usb"],
        setting(
            "where the model runs: auto takes a Coral accelerator on USB, if one works and the "
            "bundle has a model compiled for it, else the CPU; usb insists on one; off is the CPU",
            "a gate shall work without its accelerator too",
        ),
    ] = "auto"
