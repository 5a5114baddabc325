"""Informs systemd of the service's state, by the protocol of sd_notify(3)."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path


class Notifier:
    """Sends messages to the service manager that started this program; without a service manager
    it does nothing.

    Args:
        environment: holds ``NOTIFY_SOCKET`` and ``WATCHDOG_USEC``.
        clock: monotonic, in seconds.

    Attributes:
        managed: True under a service manager.
    """

    EXTENSION_S = 30

    def __init__(
        self,
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self.managed = bool(address)
        # "@" stands for the zero byte of an abstract address.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._clock = clock
        watchdog_s = float(environment.get("WATCHDOG_USEC", 4e6 * self.EXTENSION_S)) / 1e6
        self._feed_every_s = min(watchdog_s, self.EXTENSION_S) / 4.0
        self._fed_at = float("-inf")

    def ready(self) -> None:
        self._send("READY=1")

    def reloading(self) -> None:
        """Report that settings are read again; ``ready`` reports the end of that."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def status(self, words: str) -> None:
        """Set the line that ``systemctl status`` shows."""
        self._send(f"STATUS={' '.join(words.split())}")

    def feed_watchdog(self) -> bool:
        """Feed the watchdog, and ask for more time to start, if that is due: four times in the
        watchdog's time. Return whether it was due."""
        now = self._clock()
        if not self.managed or now - self._fed_at < self._feed_every_s:
            return False
        self._fed_at = now
        self._send(f"WATCHDOG=1\nEXTEND_TIMEOUT_USEC={self.EXTENSION_S * 1_000_000}")
        return True

    def _send(self, message: str) -> None:
        if not self.managed:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(1.0)
            sender.sendto(message.encode(), self._address)


def runtime_folder() -> Path | None:
    """Return the folder that systemd keeps for the service until it ends; None without systemd."""
    folder = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return Path(folder) if folder else None
