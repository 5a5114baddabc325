"""A thread of its own for each output, and a safe level that always wins."""

from __future__ import annotations

import threading
import time as clock
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

from edge.errors import OutputError
from edge.outputs.output import Firing, Listen, Output, Reports
from edge.values import Event, EventName


class Interrupted(Exception):  # noqa: N818  (no error: the output was told to be safe)
    """Raised in an output's own thread when the output was made safe while it acted."""


class ThreadedOutput(Output):
    """An output that acts in a thread of its own, so that a slow output delays no other.

    Everything active starts inside ``activation``, which refuses once ``safe`` was called after
    the act began; both hold one lock. So after ``safe`` has returned, the output is at its safe
    level and stays there until it is fired again, whatever its thread is doing.

    Args:
        name: the output's name in the configuration.
        listen: receives the output's events.
        reports: receives whether the output works.
    """

    def __init__(self, name: str, listen: Listen, reports: Reports) -> None:
        super().__init__(name)
        self._listen = listen
        self._reports = reports
        self._failed = False
        self._lock = threading.Condition(threading.RLock())
        self._busy = False
        self._stopped = False
        self._safe_calls = 0
        self._safe_calls_at_begin = 0
        self._thread = threading.Thread(target=self._run, name=f"output {name}", daemon=True)

    def start(self) -> None:
        """Start the thread; the last call of a constructor."""
        self._thread.start()

    @abstractmethod
    def act(self) -> None:
        """Wait for the next thing to do, ``begin`` and do it; called in a loop by the thread.

        Raises:
            Interrupted: the output was made safe or stopped meanwhile.
        """

    @abstractmethod
    def off(self) -> None:
        """Go to the safe level; called with the lock held, from any thread."""

    def release(self) -> None:
        """Release all resources; may be called more than once."""

    @property
    def idle(self) -> bool:
        with self._lock:
            return not self._busy

    def safe(self) -> None:
        with self._lock:
            self._safe_calls += 1
            try:
                self.off()
            except Exception as error:
                raise self.error("it to go to its safe level", str(error)) from error
            finally:
                self._lock.notify_all()

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            self.safe()

    def close(self) -> None:
        try:
            self.stop()
        finally:
            if self._thread.is_alive():
                self._thread.join(1.0)  # longer only if a listener hangs
            self.release()

    def report_failure(self, reason: str) -> None:
        self._failed = True
        self._reports.output_failed(self.name, reason)

    def begin(self) -> None:
        """Begin to act: from here on, each call of ``safe`` interrupts.

        Raises:
            Interrupted: the output is stopped.
        """
        with self._lock:
            if self._stopped:
                raise Interrupted
            self._busy = True
            self._safe_calls_at_begin = self._safe_calls

    @property
    def interrupted(self) -> bool:
        """True when the output was made safe since ``begin``."""
        return self._safe_calls != self._safe_calls_at_begin

    @contextmanager
    def activation(self) -> Iterator[None]:
        """Hold the lock while something becomes active.

        Raises:
            Interrupted: the output was made safe since ``begin``.
        """
        with self._lock:
            self.check_not_interrupted()
            yield

    def finish(self) -> None:
        """Go to the safe level at the end of an act; not if ``safe`` already did, as the next
        firing may wait by now."""
        with self._lock:
            if not self.interrupted:
                self.off()

    def wait(self, seconds: float) -> None:
        """Wait for some seconds; not at all if they are negative.

        Raises:
            Interrupted: the output was made safe since ``begin``; at once.
        """
        with self._lock:
            self._lock.wait_for(lambda: self.interrupted, max(0.0, seconds))
            self.check_not_interrupted()

    def check_not_interrupted(self) -> None:
        """Check that the output was not made safe since ``begin``.

        Raises:
            Interrupted: it was.
        """
        if self.interrupted:
            raise Interrupted

    def send_event(self, name: EventName, firing: Firing, **facts: float | str) -> None:
        """Send an event of now, in the time of the firing's frame."""
        time = firing.time + clock.monotonic() - firing.requested_at
        self._listen(Event(time, name, {**self.facts, **facts}))

    def _run(self) -> None:
        while not self._stopped:
            self._act_and_report()
            with self._lock:
                self._busy = False

    def _act_and_report(self) -> None:
        try:
            self.act()
        except Interrupted:
            pass  # neither a failure nor a success
        except OutputError as error:
            self.report_failure(str(error))
        except Exception as error:  # noqa: BLE001  (each pin library has errors of its own)
            self.report_failure(str(self.error("it to work", repr(error))))
        else:
            if self._failed:
                self._failed = False
                self._reports.output_works(self.name)
