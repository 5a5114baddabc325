"""What every output is: a thread of its own, and a safe level that always wins."""

from __future__ import annotations

import threading
import time as clock
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from edge.errors import OutputError
from edge.outputs.faults import Faults, Listen
from edge.values import Decision, Event, EventName, Facts, Fault, Frame, Picture, SmileScore


class Firing(Struct, frozen=True):
    """What an output acts on.

    Attributes:
        time: of the frame, in seconds.
        face: id of the face that fired, None if no face did.
        frame: the frame, None if there is none; not to be kept, a camera has few of them.
        requested_at: the monotonic clock when the firing was requested, in seconds.
        device: this device's name; empty if the frame is a recorded source's.
        pictures: copies that an output keeps: of the frame, then small pictures of frames before.
        scores: of the faces in the frame, or in the first of the pictures.
        facts: what else the output's events say.
        event: what a command hears instead of ``fired``.
    """

    time: float
    face: int | None
    frame: Frame | None
    requested_at: float
    device: str = ""
    pictures: tuple[Picture, ...] = ()
    scores: tuple[SmileScore, ...] = ()
    facts: Facts = {}
    event: Event | None = None

    @property
    def told(self) -> Facts:
        """What events say about it: the face and its score, as far as they are known, and more."""
        if self.face is None:
            return self.facts
        scores = {scored.face.id: scored.score for scored in self.scores}
        score = {"score": round(scores[self.face], 4)} if self.face in scores else {}
        return {"face": self.face, **score, **self.facts}


class Interrupted(Exception):  # noqa: N818  (no error: the output was told to end)
    """Raised in an output's own thread when it was made safe while it acted, or the act was
    cancelled."""


class Output(ABC):
    """One output of a configuration. It acts in a thread of its own, so that a slow output delays
    no other; all methods that other threads call return at once, but ``close``.

    Everything active starts inside ``activation``, which refuses once ``safe`` was called after
    the act began; both hold one lock. So after ``safe`` has returned, the output is at its safe
    level and stays there until it is fired again, whatever its thread is doing.

    Args:
        name: the output's name in the configuration.
        listen: receives the output's events.
        faults: receives whether the output works.

    Attributes:
        pin: BCM number of its main pin; None without one.
        delay_s: time from a firing to what the output does, in seconds.
        successes: how many firings it has acted on.
        failures: how many firings it failed to act on; not those that ``safe`` interrupted.
        interrupted: True when the output was made safe since ``begin``.
    """

    def __init__(self, name: str, listen: Listen, faults: Faults) -> None:
        self.name = name
        self.pin: int | None = None
        self.delay_s = 0.0
        self.successes = self.failures = 0
        self._listen = listen
        self._faults = faults
        self._lock = threading.Condition()
        self._busy = False
        self._stopped = False
        self.interrupted = False
        self._thread = threading.Thread(target=self._run, name=f"output {name}", daemon=True)

    def start(self) -> None:
        """Start the thread; the last call of a constructor."""
        self._thread.start()

    @abstractmethod
    def fire(self, firing: Firing) -> bool:
        """Accept a firing, to act on it later; False if it is dropped or changes nothing."""

    def process_frame(self, decision: Decision, frame: Frame | None) -> None:  # noqa: B027
        """Process a frame and the trigger's decision on it; called for each frame."""

    def faces_left(self) -> None:  # noqa: B027
        """Cancel what is only for people who are still there."""

    def show_countdown(self, until: float) -> None:  # noqa: B027
        """Show that another output acts at a time of the monotonic clock, in seconds."""

    def hear(self, event: Event) -> None:  # noqa: B027
        """Take note of an event that an output made, of a fault, or of the camera's loss."""

    def show_fault(self, fault: Fault | None) -> None:  # noqa: B027
        """Show the worst present fault, None when there is none."""

    @abstractmethod
    def act(self) -> None:
        """Wait for the next thing to do, ``begin`` and do it; called in a loop by the thread.

        Raises:
            Interrupted: the output was made safe or stopped meanwhile.
        """

    @abstractmethod
    def off(self) -> None:
        """Go to the safe level; called with the lock held, from any thread."""

    def release(self) -> None:  # noqa: B027
        """Release all resources; may be called more than once."""

    @property
    @abstractmethod
    def idle(self) -> bool:
        """True when no firing is acted on or waits."""

    def safe(self) -> None:
        """Go to the safe level now and drop all accepted firings.

        Raises:
            OutputError: the output can't be driven; its level is unknown.
        """
        with self._lock:
            self.interrupted = True
            try:
                self.off()
            except Exception as error:
                raise self.error("it to go to its safe level", str(error)) from error
            finally:
                self._lock.notify_all()

    def stop(self) -> None:
        """Go to the safe level as ``safe`` does, and accept no later firing.

        Raises:
            OutputError: as ``safe``.
        """
        with self._lock:
            self._stopped = True
            self.safe()

    def close(self) -> None:
        """Stop as ``stop`` does, and release all resources; may be called more than once.

        Raises:
            OutputError: as ``safe``.
        """
        try:
            self.stop()
        finally:
            self._thread.join(1.0)  # so long only if a listener hangs
            self.release()

    def report_failure(self, reason: str) -> None:
        """Report that the output does not work, until it next succeeds."""
        self._faults.begin("output", reason, self.name)

    def error(self, expected: str, got: str) -> OutputError:
        """Return an error that names this output."""
        return OutputError(
            f"outputs.{self.name}: expected {expected}, got: {got}", self.name, self.pin
        )

    @property
    def facts(self) -> Facts:
        """The facts of each event about this output: its name, and its pin if it has one."""
        pin = {} if self.pin is None else {"pin": self.pin}
        return {"output": self.name, **pin}

    def fired(self, firing: Firing) -> Event:
        """Return the event of a firing that was accepted."""
        return Event(firing.time, "fired", {**self.facts, **firing.told})

    def send_event(self, name: EventName, firing: Firing, **facts: float | str) -> None:
        """Send an event of now, in the time of the firing's frame."""
        time = firing.time + clock.monotonic() - firing.requested_at
        self._listen(Event(time, name, {**self.facts, **facts}))

    def begin(self) -> None:
        """Begin to act: from here on, each call of ``safe`` interrupts.

        Raises:
            Interrupted: the output is stopped.
        """
        with self._lock:
            if self._stopped:
                raise Interrupted
            self._busy = True
            self.interrupted = False

    def check_not_interrupted(self) -> None:
        """Raise ``Interrupted`` if the output was made safe since ``begin``."""
        if self.interrupted:
            raise Interrupted

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
            self._faults.end("output", self.name)
