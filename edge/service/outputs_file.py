"""The file that records which outputs a gate has open, for ``smile-gate safe`` after a kill: the
configuration may have changed by then, or be broken."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from edge.atomic_file import written
from edge.errors import OutputError
from edge.settings import AnyOutputSettings

FILE = "outputs.json"
"""In the service's RuntimeDirectory, which is in memory and ends with the service."""


def write_outputs(folder: Path, outputs: Mapping[str, AnyOutputSettings]) -> None:
    """Record the outputs that are about to be opened, in place of those recorded before.

    Raises:
        OutputError: the file can't be written.
    """
    try:
        with written(msgspec.json.encode(outputs), folder, f".{FILE}.") as new:
            new.rename(folder / FILE)
    except OSError as error:
        raise OutputError(
            f"{folder / FILE}: expected a file to write to, got: {error.strerror}", ""
        ) from error


def read_outputs(folder: Path) -> Mapping[str, AnyOutputSettings] | None:
    """Return the recorded outputs; None without a valid file."""
    try:
        text = (folder / FILE).read_bytes()
        return msgspec.json.decode(text, type=dict[str, AnyOutputSettings])
    except (OSError, msgspec.DecodeError):
        return None
