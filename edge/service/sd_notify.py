"""Tells systemd how the service is, in the words of sd_notify(3)."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


class Notifier:
    """Speaks to the service manager that started this program; silent without one.

    Args:
        environment: where ``NOTIFY_SOCKET`` and ``WATCHDOG_USEC`` are looked for.

    Attributes:
        listened: True when there is a service manager.
    """

    EXTENSION_S = 30

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self.listened = bool(address)
        # "@" stands for the zero byte of an abstract address.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        watchdog_s = float(environment.get("WATCHDOG_USEC", 4e6 * self.EXTENSION_S)) / 1e6
        self._alive_every_s = min(watchdog_s, self.EXTENSION_S) / 4.0
        self._alive_at = float("-inf")

    def ready(self) -> None:
        self._send("READY=1")

    def reloading(self) -> None:
        """Tell that settings are read again; ``ready`` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def status(self, words: str) -> None:
        """Tell what ``systemctl status`` shows."""
        self._send(f"STATUS={' '.join(words.split())}")

    def alive(self) -> bool:
        """Feed the watchdog, and ask for more time to start; as often as is needed, which is when
        it returns True."""
        now = time.monotonic()
        if not self.listened or now - self._alive_at < self._alive_every_s:
            return False
        self._alive_at = now
        self._send(f"WATCHDOG=1\nEXTEND_TIMEOUT_USEC={self.EXTENSION_S * 1_000_000}")
        return True

    def _send(self, message: str) -> None:
        if not self.listened:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
            one.settimeout(1.0)
            one.sendto(message.encode(), self._address)


def runtime_folder() -> Path | None:
    """Return the folder that systemd gives the service until it ends."""
    folder = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return Path(folder) if folder else None
