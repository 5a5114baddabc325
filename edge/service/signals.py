"""Signals end a run, with the outputs safe, even when it hangs; SIGUSR1 requests a reload."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Self

log = logging.getLogger(__name__)

STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
RELOAD = signal.SIGUSR1  # not SIGHUP: a terminal that is closed sends it, to end the run
SIGNALS = (*STOPS, RELOAD)


class Stopper:
    """While entered, SIGTERM, SIGINT, SIGHUP and SIGQUIT set ``stop``, and ``on_stop`` is called at
    once, whatever the main thread is doing. SIGUSR1 requests a reload.

    At a second signal, or if the block is not left within ``GRACE_S`` of the first (because a
    camera hangs, or a reader of events stalls), the process ends.

    A thread receives the signals through a wakeup descriptor: the interpreter writes to it even
    while the main thread is in C code, and a signal handler could wait for a lock that the main
    thread holds.

    Attributes:
        stop: set by the first signal that ends the run.
        wake: set by each of the signals.
        on_stop: is called at the first signal that ends the run, from the signal thread.
    """

    GRACE_S = 3.0

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.wake = threading.Event()
        self.on_stop: Callable[[], None] = lambda: None

    def __enter__(self) -> Self:
        self._receiving, self._wakeup = socket.socketpair()
        self._thread = threading.Thread(target=self._listen, name="signals", daemon=True)
        self._wakeup.setblocking(False)
        self._before = {number: signal.getsignal(number) for number in SIGNALS}
        self._wakeup_before = signal.set_wakeup_fd(self._wakeup.fileno(), warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, lambda *_: None)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._wakeup_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._wakeup.close()
        self._thread.join()
        self._receiving.close()

    def _listen(self) -> None:
        while (first := self._next_signal()) == RELOAD:
            self.wake.set()
        if first is None:
            return
        self.stop.set()
        self.wake.set()
        try:
            self.on_stop()
        except Exception:
            log.exception("at signal %d", first)
        until = time.monotonic() + self.GRACE_S
        number: int | None = RELOAD
        while number == RELOAD:
            self._receiving.settimeout(max(0.001, until - time.monotonic()))
            try:
                number = self._next_signal()
            except TimeoutError:
                number = first
        if number is not None:
            os._exit(128 + number)

    def _next_signal(self) -> int | None:
        """Wait for the next of ``SIGNALS``; return None when the block is left."""
        while received := self._receiving.recv(1):
            if received[0] in SIGNALS:
                return received[0]
        return None
