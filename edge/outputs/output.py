"""What all outputs share: a thread of their own, and a safe level that always wins."""

from __future__ import annotations

import logging
import threading
import time as clock
import warnings
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from gpiozero import BadPinFactory, PinFactoryFallback, PinPWMUnsupported
from msgspec import Struct
from msgspec.structs import replace

from edge.errors import OutputError, PinInUseError
from edge.values import Decision, Event, EventName, Fault, Frame, Picture

log = logging.getLogger(__name__)

Tell = Callable[[Event], None]
Report = Callable[[str, str], None]
"""Takes an output's name and why it failed; an empty reason says that it works again."""


class Firing(Struct, frozen=True):
    """What an output acts on.

    Attributes:
        time: of the frame, in seconds.
        face: id of the face that fired, if any did.
        frame: the frame, if there is one; not to be kept, a camera has few of them.
        asked: the monotonic clock when it was asked, in seconds.
        pictures: what an output keeps of the frame, and small pictures of before.
    """

    time: float
    face: int | None
    frame: Frame | None
    asked: float
    pictures: tuple[Picture, ...] = ()


class Interrupted(Exception):  # noqa: N818  (no error: it was told to be safe)
    """Raised in an output's own thread when it was made safe while at work."""


class Output(ABC):
    """One output: acts in a thread of its own, so that a slow one delays nobody.

    Every switch to an active level goes through ``drive``, which refuses once ``safe`` was called
    after the firing at work; both hold one lock. So after ``safe`` has returned, the output is at
    its safe level and stays there until it is fired again, whatever its thread is doing.

    Args:
        name: the output's name in the configuration.
        tell: is told events; may be slow, or fail.
        report: is told failures.
    """

    QUEUED: ClassVar[int] = 1
    """How many firings may wait behind the one at work; more are dropped."""
    TEND_S: ClassVar[float | None] = None
    """How often ``tend`` is called, in seconds; None for never."""

    def __init__(self, name: str, tell: Tell, report: Report) -> None:
        self.name = name
        self.pin: int | None = None
        self._tell = tell
        self._report = report
        self._failed = False
        self._lock = threading.Condition(threading.RLock())
        self._waiting: deque[Firing] = deque()
        self._busy = False
        self._stopped = False
        self._round = 0  # counts the calls of safe
        self._round_at_work = 0
        self._thread = threading.Thread(target=self._work, name=f"output {name}", daemon=True)

    @property
    def facts(self) -> dict[str, int | float | str]:
        """What events say of this output: its name, and its pin if it has one."""
        pin: dict[str, int | float | str] = {} if self.pin is None else {"pin": self.pin}
        return {"output": self.name, **pin}

    def fired(self, firing: Firing) -> Event:
        """Return the event that tells of a firing."""
        face: dict[str, int | float | str] = {} if firing.face is None else {"face": firing.face}
        return Event(firing.time, "fired", {**self.facts, **face})

    def start(self) -> None:
        """Begin to accept firings; the last thing a constructor does."""
        self._thread.start()

    def fire(self, firing: Firing) -> bool:
        """Act, behind what is under way; returns at once, False if nothing comes of it."""
        with self._lock:
            if self._stopped:
                return False
            if self._busy + len(self._waiting) > self.QUEUED:
                log.warning("outputs.%s: still busy, a firing is dropped", self.name)
                return False
            self._waiting.append(replace(firing, frame=None))
            self._lock.notify_all()
        return True

    def see(self, decision: Decision, frame: Frame | None) -> None:  # noqa: B027
        """Take note of a frame; called for each one, returns at once."""

    def show(self, fault: Fault | None) -> None:  # noqa: B027
        """Take note of the worst fault there is; returns at once."""

    @property
    def idle(self) -> bool:
        """True when nothing is under way or waits."""
        with self._lock:
            return not self._busy and not self._waiting

    def safe(self) -> None:
        """Go to the safe level now and forget what is under way or waits.

        Raises:
            OutputError: the output can't be driven; its level is unknown.
        """
        with self._lock:
            self._round += 1
            self._waiting.clear()
            try:
                self.off()
            except Exception as error:
                raise OutputError(
                    f"outputs.{self.name}: expected it to go to its safe level, got: {error}",
                    self.name,
                    self.pin,
                ) from error
            finally:
                self._lock.notify_all()

    def stop(self) -> None:
        """As ``safe``, and for good: no later firing is accepted."""
        with self._lock:
            self._stopped = True
            self.safe()

    def close(self) -> None:
        """As ``stop``, and free what was opened; may be called more than once.

        Raises:
            OutputError: as ``safe``.
        """
        try:
            self.stop()
        finally:
            if self._thread.is_alive():
                self._thread.join(1.0)  # longer only if a listener hangs
            self.free()

    @abstractmethod
    def work(self, firing: Firing) -> None:
        """Act on one firing, in the output's own thread, and go to the safe level whatever
        happens: see ``end``.

        Raises:
            Interrupted: the output was made safe meanwhile.
        """

    @abstractmethod
    def off(self) -> None:
        """Go to the safe level; called with the lock held, from any thread."""

    @abstractmethod
    def free(self) -> None:
        """Free what was opened; may be called more than once, and then does nothing."""

    def tend(self) -> None:  # noqa: B027
        """Do what is to be done now and then, in the output's own thread."""

    def drive(self, device: Any, value: object = 1) -> None:
        """Switch a gpiozero device to an active level.

        Raises:
            Interrupted: the output was made safe meanwhile.
        """
        with self._lock:
            self._check()
            device.value = value

    def end(self) -> None:
        """Go to the safe level at the end of a firing, unless ``safe`` did it: then another firing
        may be waiting by now."""
        with self._lock:
            if self._round == self._round_at_work:
                self.off()

    def rest(self, seconds: float) -> None:
        """Wait.

        Raises:
            Interrupted: the output was made safe meanwhile; at once.
        """
        with self._lock:
            self._lock.wait_for(lambda: self._round != self._round_at_work, max(0.0, seconds))
            self._check()

    def tell(self, name: EventName, firing: Firing, **facts: float | str) -> None:
        """Tell an event of now, in the time of the firing's frame."""
        time = firing.time + clock.monotonic() - firing.asked
        self._tell(Event(time, name, {**self.facts, **facts}))

    def fail(self, reason: str) -> None:
        """Report that the output does not work."""
        self._failed = True
        self._report(self.name, reason)

    def _check(self) -> None:
        if self._round != self._round_at_work:
            raise Interrupted

    def _work(self) -> None:
        self._attempt(self.tend)
        while not self._stopped:
            if firing := self._next():
                self._attempt(lambda firing=firing: self.work(firing))  # type: ignore[misc]
                with self._lock:
                    self._busy = False
            elif not self._stopped:
                self._attempt(self.tend)

    def _next(self) -> Firing | None:
        """Wait for a firing and return it; None when it is time to tend, or to stop."""
        with self._lock:
            self._lock.wait_for(lambda: self._waiting or self._stopped, self.TEND_S)
            if self._stopped or not self._waiting:
                return None
            self._busy = True
            self._round_at_work = self._round
            return self._waiting.popleft()

    def _attempt(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Interrupted:
            pass  # neither a failure nor a success
        except OutputError as error:
            self.fail(str(error))
        except Exception as error:  # noqa: BLE001  (each pin library has errors of its own)
            self.fail(f"outputs.{self.name}: expected it to work, got: {error!r}")
        else:
            if self._failed:
                self._failed = False
                self._report(self.name, "")


@contextmanager
def opening(name: str, pin: int) -> Iterator[None]:
    """Turn what gpiozero and the pin libraries raise when a pin is opened into one error.

    Raises:
        PinInUseError: another program holds the pin.
        OutputError: there is no GPIO here, or the pin can't be had.
    """
    hint, kind = "", OutputError
    try:
        with warnings.catch_warnings():
            # gpiozero warns of each pin library it tries in vain; the error says the end.
            warnings.simplefilter("ignore", PinFactoryFallback)
            yield
            return
    except (BadPinFactory, ImportError) as error:
        expected, cause = "GPIO on this machine", error
        hint = "; GPIOZERO_PIN_FACTORY=mock simulates it"
    except PinPWMUnsupported as error:
        expected, cause = f"GPIO {pin} to be dimmable", error
        hint = "no PWM; GPIOZERO_MOCK_PIN_CLASS=MockPWMPin simulates it"
    except Exception as error:  # noqa: BLE001  (each pin library has errors of its own)
        expected, cause = f"GPIO {pin} to be usable", error
        if "busy" in str(error).lower():
            hint, kind = "; another program holds it, perhaps smile-gate itself", PinInUseError
    raise kind(f"outputs.{name}: expected {expected}, got: {cause}{hint}", name, pin) from cause
