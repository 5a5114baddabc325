"""The file that records which outputs a gate has open, for ``smile-gate safe`` after a kill: the
configuration may have changed by then, or be broken."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from edge.atomic_file import written
from edge.errors import OutputError, StatusError
from edge.settings import AnyOutputSettings

FILE = "outputs.json"
"""In the service's RuntimeDirectory, which is in memory and ends with the service."""


@contextmanager
def only_gate_in(folder: Path) -> Iterator[None]:
    """Keep other gates out of a folder, so that each may trust the record in it. The lock ends with
    this process, even if it is killed.

    Raises:
        StatusError: another gate runs there, or there is no such folder.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise StatusError(f"{folder}: expected a folder, got: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StatusError(
                f"{folder}: expected no other smile-gate there, got one that runs"
            ) from error
        yield
    finally:
        os.close(descriptor)


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
