"""Which outputs a gate drives, noted for who makes them safe after it was killed: the configuration
may say something else by then, or nonsense."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from edge.atomic_file import written
from edge.errors import OutputError
from edge.settings import AnyOutputSettings

FILE = "outputs.json"
"""In the service's RuntimeDirectory, which is no card's, and ends with the service."""


def note(folder: Path, outputs: Mapping[str, AnyOutputSettings]) -> None:
    """Note outputs that are about to be opened, instead of those that were.

    Raises:
        OutputError: it can't be written.
    """
    try:
        with written(msgspec.json.encode(outputs), folder, f".{FILE}.") as new:
            new.rename(folder / FILE)
    except OSError as error:
        raise OutputError(
            f"{folder / FILE}: expected a file to write to, got: {error.strerror}", ""
        ) from error


def noted(folder: Path) -> Mapping[str, AnyOutputSettings] | None:
    """Return the outputs that were noted; None when there are none."""
    try:
        text = (folder / FILE).read_bytes()
        return msgspec.json.decode(text, type=dict[str, AnyOutputSettings])
    except (OSError, msgspec.DecodeError):
        return None
