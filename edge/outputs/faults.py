"""What is wrong now: a registry of faults, each announced by an event when it begins and ends."""

from __future__ import annotations

import threading
from collections.abc import Callable

from edge.values import FAULTS, Event, EventName, Fault

Listen = Callable[[Event], None]
"""Receives events; may be slow, or fail."""


class Faults:
    """The present faults; of each kind one, but ``output`` faults one for each output.

    Args:
        listen: receives a ``fault`` event when a fault begins or its reason changes, and a
            ``fault_over`` event when it ends.
        show: receives the worst present fault at each change, None when there is none.
        now: returns the time for events, in seconds.
    """

    def __init__(
        self, listen: Listen, show: Callable[[Fault | None], None], now: Callable[[], float]
    ) -> None:
        self._listen = listen
        self._show = show
        self._now = now
        self._lock = threading.Lock()
        self._reasons: dict[tuple[Fault, str], str] = {}

    @property
    def reasons(self) -> list[str]:
        """The reasons of the present faults, in the order in which they began."""
        with self._lock:
            return list(self._reasons.values())

    def has(self, fault: Fault, output: str = "") -> bool:
        with self._lock:
            return (fault, output) in self._reasons

    def begin(self, fault: Fault, reason: str, output: str = "") -> None:
        """Note that something is wrong; only faults of the kind ``output`` name an output."""
        with self._lock:
            if self._reasons.get((fault, output)) == reason:
                return
            self._reasons[fault, output] = reason
        self._announce("fault", fault, output, reason=reason)

    def end(self, fault: Fault, output: str = "") -> None:
        """Note that a fault is over; nothing happens if there was none."""
        with self._lock:
            if self._reasons.pop((fault, output), None) is None:
                return
        self._announce("fault_over", fault, output)

    def _announce(self, event: EventName, fault: Fault, output: str, **reason: str) -> None:
        self._show(self._worst())
        named = {"output": output} if output else {}
        self._listen(Event(self._now(), event, {"fault": fault, **named, **reason}))

    def _worst(self) -> Fault | None:
        with self._lock:
            return min((fault for fault, _ in self._reasons), key=FAULTS.index, default=None)
