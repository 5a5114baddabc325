"""Notices a pipeline that stalls, from outside of it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable


class StallWatchdog:
    """Calls back, in a thread of its own, when no frame came for too long.

    Args:
        on_stall: is called once a stall, with the limit in seconds.
        clock: returns monotonic seconds.
    """

    def __init__(self, on_stall: Callable[[float], None], clock: Callable[[], float]) -> None:
        self._on_stall = on_stall
        self._clock = clock
        self._stall_s = math.inf
        self._last_frame: float | None = None  # None while no frame is expected
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stall watchdog", daemon=True)

    def watch(self, stall_s: float) -> None:
        """Watch from the next frame on until ``stop``; called again, it changes the limit, which
        is the longest time between two frames in seconds."""
        self._stall_s = stall_s
        if self._thread.ident is None:
            self._thread.start()

    def frame_came(self) -> None:
        self._last_frame = self._clock()

    def pause(self) -> None:
        """Expect no frame until the next one comes."""
        self._last_frame = None

    def stop(self) -> None:
        self._stopped.set()

    def check(self) -> None:
        """Call back if the last frame is too long ago."""
        last = self._last_frame
        if last is not None and self._clock() - last > self._stall_s:
            self.pause()
            self._on_stall(self._stall_s)

    def _run(self) -> None:
        while not self._stopped.wait(0.1):
            self.check()
