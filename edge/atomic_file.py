"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def written(data: bytes, folder: Path, prefix: str, suffix: str = "") -> Iterator[Path]:
    """Write a temporary file that only its owner can read, and bring it to the disk.

    The body of the ``with`` renames it within the folder, and the new name is brought to the disk,
    too. A file that is not renamed is deleted.

    Raises:
        OSError: the file can't be written; nothing is left behind.
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
    """Bring the names in a folder to the disk, where the file system supports it."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
