"""A Coral accelerator on USB (Edge TPU), which runs models that Google's compiler made for it.

``python -m edge.model.edgetpu`` tries its library and prints the version, or what is wrong.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any
from weakref import WeakSet

from edge.errors import EdgeTpuError, SmileGateError
from edge.model.tflite import tflite

LIBRARY = "libedgetpu.so.1"
DEVICES = Path("/sys/bus/usb/devices")

NEW, READY = ("1a6e", "089a"), ("18d1", "9302")
"""Vendor and product as they are after plugging in, and once the library has given it firmware."""

TRY_S = 10.0
"""Two tries in a reload end long before the service's watchdog would."""

_open: WeakSet[Any] = WeakSet()
_failed: dict[str, tuple[tuple[str, str] | None, str]] = {}
"""Of a library whose last try failed: what was plugged in after it, and the error."""


def plugged_in(devices: Path | None = None) -> tuple[str, str] | None:
    """Return vendor and product of an accelerator on USB, None without one.

    Args:
        devices: the kernel's list of devices; by default ``DEVICES``.
    """
    for vendor in sorted((devices or DEVICES).glob("*/idVendor")):
        with suppress(OSError):  # it may be unplugged meanwhile
            ids = (vendor.read_text().strip(), vendor.with_name("idProduct").read_text().strip())
            if ids in {NEW, READY}:
                return ids
    return None


def open_delegate(library: str | None = None) -> Any:
    """Return a delegate for an interpreter, after a try in a process of its own.

    A library that was built for another TensorFlow may crash who loads it. An accelerator that
    this process uses answers no other one, but this one as often as it likes.

    Args:
        library: its path or name; by default ``LIBRARY``.

    Raises:
        EdgeTpuError: none is plugged in, or it can't be used.
        MissingPackageError: no TFLite runtime is installed.
    """
    library = library or LIBRARY
    if not _open:
        try_apart(library)
    delegate = _load(library)
    _open.add(delegate)
    return delegate


def try_apart(library: str | None = None) -> str:
    """Load the library in another process; return its version.

    Takes some seconds the first time after plugging in, when the firmware is loaded. A try that
    failed is not repeated until something else is plugged in: a gate misses smiles meanwhile.

    Raises:
        EdgeTpuError: none is plugged in, or it can't be used.
    """
    library = library or LIBRARY
    found = plugged_in()
    if found is None:
        _failed.clear()
        raise EdgeTpuError("expected an Edge TPU on USB, got none")
    then, words = _failed.get(library, (None, ""))
    if then == found:
        raise EdgeTpuError(words)
    try:
        return _try(library, found)
    except EdgeTpuError as error:
        _failed[library] = (plugged_in(), str(error))
        raise


def _try(library: str, found: tuple[str, str]) -> str:
    try:
        return _run(library)
    except EdgeTpuError:
        # With its firmware it is another device to the kernel. Where udev's news do not come, as
        # in the service, only a process that starts later sees that one.
        if found == NEW and plugged_in() == READY:
            return _run(library)
        raise


def _run(library: str) -> str:
    command = [sys.executable, "-m", __name__, library]
    try:
        done = subprocess.run(  # noqa: S603
            command,
            cwd=Path(__file__).resolve().parents[2],
            capture_output=True,
            text=True,
            timeout=TRY_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EdgeTpuError(f"{library}: expected it to load within {TRY_S:.0f} s") from error
    said = done.stdout.strip()
    if done.returncode < 0:
        raise EdgeTpuError(
            f"{library}: expected it to load, but it crashes (signal {-done.returncode}): it was "
            "built for another TensorFlow than the TFLite runtime"
        )
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise EdgeTpuError(said or f"{library}: expected it to load, got: {last}")
    return said


def _load(library: str) -> Any:
    library_version(library)  # where it is no such library the runtime prints lines of its own
    try:
        delegate = tflite().load_delegate(library, {"device": "usb"})
    except ValueError as error:  # the library does not say why
        raise EdgeTpuError(
            f"{library}: expected an Edge TPU on USB that answers, got none: another program uses "
            "it, or you are not in the group plugdev"
        ) from error
    return delegate


def library_version(library: str | None = None) -> str:
    """Return the version of a library, by default of ``LIBRARY``.

    Raises:
        EdgeTpuError: it is none for an Edge TPU, or not there.
    """
    try:
        edgetpu_version = ctypes.CDLL(library or LIBRARY).edgetpu_version
    except (OSError, AttributeError) as error:
        raise EdgeTpuError(f"expected the Edge TPU's library, got: {error}") from error
    edgetpu_version.restype = ctypes.c_char_p
    version: bytes = edgetpu_version()
    return version.decode()


def main(library: str = LIBRARY) -> int:
    """Load the library; print its version and return 0, or one line and return 1."""
    try:
        _load(library)
    except SmileGateError as error:
        print(error)
        return 1
    print(library_version(library))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
