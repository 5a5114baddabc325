"""Signals end a run, with the outputs safe, even when it hangs; one asks for a reload."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

log = logging.getLogger(__name__)

STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
RELOAD = signal.SIGUSR1  # a terminal that is closed sends SIGHUP, and that must end the run
SIGNALS = (*STOPS, RELOAD)


class Stopper:
    """While entered, SIGTERM, SIGINT, SIGHUP and SIGQUIT set ``stop``, and ``first_act`` is called
    at once, whatever the main thread is doing. SIGUSR1 asks for a reload.

    If there is a second signal, or the block is not left within ``GRACE_S`` of the first (a camera
    that hangs, a reader of events that stalls), the process ends.

    Signals are heard by a thread through a wakeup descriptor: the interpreter writes to it even
    while the main thread is in C code, and a handler of our own could meet a lock that the
    main thread holds.

    Attributes:
        stop: set by the first signal that ends the run.
        wake: set by any of the signals.
        first_act: what can't wait for the main thread.
    """

    GRACE_S = 3.0

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.wake = threading.Event()
        self.first_act: Callable[[], None] = lambda: None
        self._hear, self._tell = socket.socketpair()
        self._thread = threading.Thread(target=self._listen, name="signals", daemon=True)

    def __enter__(self) -> Self:
        self._tell.setblocking(False)
        self._before = {number: signal.getsignal(number) for number in SIGNALS}
        self._wakeup_before = signal.set_wakeup_fd(self._tell.fileno(), warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, lambda *_: None)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        signal.set_wakeup_fd(self._wakeup_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._tell.close()
        self._thread.join()
        self._hear.close()

    def _listen(self) -> None:
        while (first := self._next_signal()) == RELOAD:
            self.wake.set()
        if first is None:
            return
        self.stop.set()
        self.wake.set()
        try:
            self.first_act()
        except Exception:
            log.exception("at signal %d", first)
        until = time.monotonic() + self.GRACE_S
        number: int | None = RELOAD
        while number == RELOAD:
            self._hear.settimeout(max(0.001, until - time.monotonic()))
            try:
                number = self._next_signal()
            except TimeoutError:
                number = first
        if number is not None:
            os._exit(128 + number)

    def _next_signal(self) -> int | None:
        """Return the next of our signals, None when the block was left."""
        while heard := self._hear.recv(1):
            if heard[0] in SIGNALS:
                return heard[0]
        return None
