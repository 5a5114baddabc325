"""A Coral accelerator on USB (Edge TPU), which runs models that Google's compiler made for it.

``python -m edge.model.edgetpu [LIBRARY]`` loads its library and prints the version, or an error.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakSet

from edge.errors import EdgeTpuError, SmileGateError
from edge.model.tflite import tflite

LIBRARY = "libedgetpu.so.1"

UsbId = tuple[str, str]  # vendor and product, four hexadecimal digits each

NO_FIRMWARE: UsbId = ("1a6e", "089a")  # plugged in and not used yet
READY: UsbId = ("18d1", "9302")  # since the library loaded the firmware


@dataclass(eq=False)
class EdgeTpu:
    """The accelerator on USB, which works for one process at a time.

    A library that was built for another TensorFlow may crash the process that loads it. So a probe,
    a process of its own, loads it first; but not while this process holds a delegate, as the
    accelerator would not answer the probe. This process may open any number of delegates.

    Attributes:
        library: path or name of Google's library.
        devices: the kernel's folder of USB devices.
        timeout_s: longest time of a probe in seconds. Two probes, the most in one reload, end long
            before the service's watchdog acts.
        run: runs a probe, as ``subprocess.run`` does.
    """

    library: str = LIBRARY
    devices: Path = Path("/sys/bus/usb/devices")
    timeout_s: float = 10.0
    run: Callable[..., subprocess.CompletedProcess[str]] = subprocess.run
    _delegates: WeakSet[Any] = field(default_factory=WeakSet, init=False)
    # Of the last probe: what was plugged in after it, and why it failed.
    _failure: tuple[UsbId | None, str] | None = field(default=None, init=False)

    def usb_id(self) -> UsbId | None:
        """Return ``NO_FIRMWARE`` or ``READY``; None if no accelerator is plugged in."""
        for vendor in sorted(self.devices.glob("*/idVendor")):
            with suppress(OSError):  # unplugged meanwhile
                product = vendor.with_name("idProduct")
                usb_id = (vendor.read_text().strip(), product.read_text().strip())
                if usb_id in {NO_FIRMWARE, READY}:
                    return usb_id
        return None

    def open_delegate(self) -> Any:
        """Return a delegate for an interpreter, after a probe if this process holds none.

        Raises:
            EdgeTpuError: no accelerator is plugged in, or it can't be used.
            MissingPackageError: no TFLite runtime is installed.
        """
        if not self._delegates:
            self.probe()
        delegate = load_delegate(self.library)
        self._delegates.add(delegate)
        return delegate

    def probe(self) -> str:
        """Load the library in another process; return its version.

        Takes some seconds the first time after plugging in, when the firmware is loaded. A failed
        probe is not repeated until something else is plugged in: a gate misses smiles meanwhile.

        Raises:
            EdgeTpuError: no accelerator is plugged in, or it can't be used.
        """
        usb_id = self.usb_id()
        if usb_id is None:
            self._failure = None
            raise EdgeTpuError("expected an Edge TPU on USB, got none", self.library)
        if self._failure is not None and self._failure[0] == usb_id:
            raise EdgeTpuError(self._failure[1], self.library)
        try:
            return self._run_probe()
        except EdgeTpuError as error:
            self._failure = (self.usb_id(), str(error))
            if usb_id != NO_FIRMWARE or self._failure[0] != READY:
                raise
        # With its firmware it is another device to the kernel. Where udev's events do not arrive,
        # as in the service, only a process that starts later sees that device.
        self._failure = None
        return self.probe()

    def _run_probe(self) -> str:
        try:
            probe = self.run(
                [sys.executable, "-m", __name__, self.library],
                cwd=Path(__file__).resolve().parents[2],
                capture_output=True,
                text=True,
                timeout=self.timeout_s,
            )
        except subprocess.TimeoutExpired as error:
            reason = f"expected it to load within {self.timeout_s:.0f} s"
            raise EdgeTpuError(f"{self.library}: {reason}", self.library) from error
        output = probe.stdout.strip()
        if probe.returncode == 0:
            return output
        last_line = probe.stderr.strip().rpartition("\n")[2]
        reason = output or f"{self.library}: expected it to load, got: {last_line}"
        if probe.returncode < 0:
            reason = (
                f"{self.library}: expected it to load, but it crashes (signal "
                f"{-probe.returncode}): it was built for another TensorFlow than the TFLite runtime"
            )
        raise EdgeTpuError(reason, self.library)


EDGE_TPU = EdgeTpu()
"""This process's accelerator: shared, as its delegates and its last failed probe count for all."""


def load_delegate(library: str) -> Any:
    """Load a library into this process and return a delegate of the accelerator on USB.

    Raises:
        EdgeTpuError: this is not the library, or no accelerator answers.
        MissingPackageError: no TFLite runtime is installed.
    """
    library_version(library)  # for another library the runtime prints lines of its own
    try:
        return tflite().load_delegate(library, {"device": "usb"})
    except ValueError as error:  # the library gives no reason
        raise EdgeTpuError(
            f"{library}: expected an Edge TPU on USB that answers, got none: another program uses "
            "it, or you are not in the group plugdev",
            library,
        ) from error


def library_version(library: str) -> str:
    """Load a library into this process and return its version.

    Raises:
        EdgeTpuError: it is not there, or not the Edge TPU's.
    """
    try:
        edgetpu_version = ctypes.CDLL(library).edgetpu_version
    except (OSError, AttributeError) as error:
        raise EdgeTpuError(f"expected the Edge TPU's library, got: {error}", library) from error
    edgetpu_version.restype = ctypes.c_char_p
    version: bytes = edgetpu_version()
    return version.decode()


def main(library: str = LIBRARY) -> int:
    """Load the library; print its version and return 0, or print one line and return 1."""
    try:
        load_delegate(library)
    except SmileGateError as error:
        print(error)
        return 1
    print(library_version(library))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
