"""Reads the files that a user names, which may turn out to be anything."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

MIB = 1 << 20

KINDS = {
    stat.S_IFDIR: os.strerror(errno.EISDIR),
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def read_regular(path: Path, at_most: int) -> bytes:
    """Return the contents of a regular file, or of one that a link leads to.

    Nothing else is opened: a pipe may give nothing for ever, a device bytes without end.

    Args:
        path: the file.
        at_most: largest size, bytes.

    Raises:
        OSError: the file is missing, may not be read, is not regular or is larger; ``strerror``
            says which.
    """
    try:
        status = path.stat()
    except ValueError as error:  # a null byte in the path
        raise OSError(errno.EINVAL, str(error), str(path)) from error
    if kind := KINDS.get(stat.S_IFMT(status.st_mode)):
        raise OSError(errno.EINVAL, kind, str(path))
    data = b""
    if status.st_size <= at_most:
        with path.open("rb") as file:
            data = file.read(at_most + 1)  # a file of /proc is larger than it says
    if max(len(data), status.st_size) > at_most:
        size = f"{at_most >> 20} MiB" if at_most >= MIB else f"{at_most} bytes"
        raise OSError(errno.EFBIG, f"more than {size}", str(path))
    return data
