"""Holds a command as systemd holds the service."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Thread
from typing import IO

UNIT = Path(__file__).parents[2] / "systemd" / "smile-gate.service"


def directive(name: str) -> int:
    """Return a number that the unit gives systemd."""
    match = re.search(rf"^{name}=(\d+)$", UNIT.read_text(), re.MULTILINE)
    if match is None:
        raise LookupError(f"{UNIT}: expected {name}=NUMBER, got none")
    return int(match[1])


class Supervisor:
    """Holds a command as systemd holds the service: waits for its ``READY=1``, kills the command
    when the watchdog is not fed, and starts it again after each end that was not requested.

    Unlike systemd the supervisor starts at once instead of after ``RestartSec``, and after any
    number of ends, but not after ``GIVES_UP`` ends in a row without ``READY=1``. There is no
    sandbox and no ``ExecStopPost``.

    Args:
        command: to hold.
        folder: for the command's sockets.
        watchdog_s: after how many seconds without ``WATCHDOG=1`` the command is killed; by default
            the unit's ``WatchdogSec``.

    Attributes:
        ready: whether the present process has sent ``READY=1``.
        boots_s: how long each start took until then, in seconds.
        notifications: the last lines that the process sent the service manager.
        last_words: the last line of the command's standard error.
    """

    GIVES_UP = 5
    POLL_S = 0.02

    def __init__(
        self, command: Sequence[str], folder: Path, watchdog_s: float | None = None
    ) -> None:
        self._command = command
        self._watchdog_s = watchdog_s or directive("WatchdogSec")
        self._start_s = directive("TimeoutStartSec")
        self._stop_s = directive("TimeoutStopSec")
        self._final_code = directive("RestartPreventExitStatus")
        self._environment = {
            **os.environ,
            "GPIOZERO_PIN_FACTORY": "mock",
            "NOTIFY_SOCKET": str(folder / "notify"),
            "WATCHDOG_USEC": str(round(self._watchdog_s * 1e6)),
            "RUNTIME_DIRECTORY": str(folder),
        }
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "notify"))
        self._socket.settimeout(self.POLL_S)
        self._process: subprocess.Popen[str] | None = None
        self._failed_starts = 0
        self.ready = False
        self.boots_s: list[float] = []
        self.notifications: deque[str] = deque(maxlen=100)
        self.last_words = "not a word"

    @property
    def pid(self) -> int:
        """Of the present process; 0 without a process."""
        return self._process.pid if self._process is not None else 0

    def start(self) -> bool:
        """Start the command, unless it runs; return whether it became ready."""
        if self._process is None:
            self._failed_starts = 0
            self._spawn()
        return self.wait(lambda: self.ready)

    def stop(self) -> bool:
        """End the command by SIGTERM; return whether it ended with exit code 0 and in time."""
        process, self._process = self._process, None
        if process is None:
            return False
        process.terminate()
        try:
            return process.wait(self._stop_s) == 0
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return False

    def close(self) -> None:
        """End the command, by SIGKILL if need be."""
        self.stop()
        self._socket.close()

    def send(self, number: signal.Signals) -> None:
        """Send the command a signal."""
        if self._process is not None:
            self._process.send_signal(number)

    def wait(self, done: Callable[[], bool], seconds: float | None = None) -> bool:
        """Hold the command until a condition is met; return False if it is not met within these
        seconds (default: ``TimeoutStartSec``) or before the command is given up."""
        until = time.monotonic() + (self._start_s if seconds is None else seconds)
        while not done():
            if self._process is None or time.monotonic() > until:
                return False
            self._hold(self._process)
        return True

    def _spawn(self) -> None:
        self._socket.setblocking(False)
        while self._receive():  # from the process before
            pass
        self._socket.settimeout(self.POLL_S)
        self.notifications.clear()
        self.ready = False
        self._started = self._fed = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603  (our own command)
            self._command,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        Thread(target=self._read_stderr, args=(self._process.stderr,), daemon=True).start()

    def _read_stderr(self, stderr: IO[str]) -> None:
        with stderr:
            for line in stderr:
                self.last_words = line.strip()

    def _receive(self) -> list[str]:
        try:
            return self._socket.recv(4096).decode().splitlines()
        except (TimeoutError, BlockingIOError):
            return []

    def _hold(self, process: subprocess.Popen[str]) -> None:
        """Read notifications, and act as systemd does if the process has ended or hangs."""
        for line in self._receive():
            self.notifications.append(line)
            if line == "WATCHDOG=1":
                self._fed = time.monotonic()
            if line == "READY=1" and not self.ready:
                self.ready = True
                self._failed_starts = 0
                self.boots_s.append(time.monotonic() - self._started)
        if self.ready and time.monotonic() - self._fed > self._watchdog_s:
            process.kill()
            process.wait()
        code = process.poll()
        if code is None:
            return
        self._failed_starts += 1
        self._process, self.ready = None, False
        if code != self._final_code and self._failed_starts < self.GIVES_UP:
            self._spawn()
