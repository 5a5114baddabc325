"""An output that acts on firings one after the other."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections import deque
from typing import ClassVar

from msgspec.structs import replace

from edge.outputs.faults import Faults, Listen
from edge.outputs.output import Firing, Interrupted, Output

log = logging.getLogger(__name__)


class QueuedOutput(Output):
    """Acts on each firing in its own thread; firings that come meanwhile wait in a queue."""

    QUEUE_SIZE: ClassVar[int] = 1
    """How many firings may wait behind the present firing; more are dropped."""
    MAINTAIN_S: ClassVar[float | None] = None
    """``maintain`` is called after so many seconds without a firing; None for never."""

    def __init__(self, name: str, listen: Listen, faults: Faults) -> None:
        super().__init__(name, listen, faults)
        self._queue: deque[Firing] = deque()
        self._new = True

    @abstractmethod
    def handle(self, firing: Firing) -> None:
        """Act on one firing, and go to the safe level whatever happens: see ``finish``.

        Raises:
            Interrupted: the output was made safe meanwhile.
        """

    def maintain(self) -> None:
        """Do what is due at the start, before the first firing, and from time to time."""

    def fire(self, firing: Firing) -> bool:
        with self._lock:
            if self._stopped:
                return False
            if self._busy + len(self._queue) > self.QUEUE_SIZE:
                log.warning("outputs.%s: still busy, a firing is dropped", self.name)
                return False
            self._queue.append(replace(firing, frame=None))
            self._lock.notify_all()
        return True

    @property
    def idle(self) -> bool:
        with self._lock:
            return not self._busy and not self._queue

    def safe(self) -> None:
        with self._lock:
            self._queue.clear()
            super().safe()

    def act(self) -> None:
        firing = self._next()
        if firing is None:
            self.maintain()
            return
        try:
            self.handle(firing)
        except Interrupted:
            raise
        except Exception:
            self.failures += 1
            raise
        self.successes += 1

    def _next(self) -> Firing | None:
        """Wait for a firing and return it; None when maintenance is due."""
        with self._lock:
            if self._new:
                self._new = False
                return None
            self._lock.wait_for(lambda: self._queue or self._stopped, self.MAINTAIN_S)
            if self._stopped:
                raise Interrupted
            if not self._queue:
                return None
            self.begin()
            return self._queue.popleft()
