"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def written(data: bytes, folder: Path, prefix: str, suffix: str = "") -> Iterator[Path]:
    """Write a file that only its owner can read, under a name of its own, safe from a power cut.

    Whoever asked renames it in the body of the ``with``, within the folder; if that does not
    happen, it is deleted.

    Raises:
        OSError: it can't be written; nothing is left behind.
    """
    descriptor, name = tempfile.mkstemp(suffix, prefix, folder)
    path = Path(name)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123  (a descriptor, no path)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield path
        sync_folder(folder)
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk, where the file system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
