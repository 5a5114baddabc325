"""A pulse on a GPIO pin: a camera's remote shutter through an optocoupler."""

from __future__ import annotations

import logging
import queue
import threading
import time as clock
import warnings
from collections.abc import Callable

from gpiozero import BadPinFactory, DigitalOutputDevice, PinFactoryFallback

from edge.config import ShutterSettings
from edge.errors import OutputError
from edge.frames import Event, Facts

log = logging.getLogger(__name__)


class Shutter:
    """One pulse of ``pulse_s`` for each firing, timed by a thread of its own.

    The pulse's length is real time even where a clip is played faster than that; firings that
    come during a pulse wait for its end.

    Args:
        name: the output's name in the configuration.
        settings: pin, pulse length, active level.
        listen: is told ``released`` when a pulse has ended.

    Raises:
        OutputError: there is no GPIO here, or the pin can't be had.
    """

    def __init__(
        self, name: str, settings: ShutterSettings, listen: Callable[[Event], None]
    ) -> None:
        self.name = name
        self.pin = settings.pin
        self._pulse_s = settings.pulse_s
        self._listen = listen
        try:
            with warnings.catch_warnings():
                # gpiozero warns of each pin library it tries in vain; the error says the end.
                warnings.simplefilter("ignore", PinFactoryFallback)
                self._device = DigitalOutputDevice(
                    self.pin, active_high=settings.active_high, initial_value=False
                )
        except (BadPinFactory, ImportError) as error:
            raise OutputError(
                f"outputs.{name}: expected GPIO on this machine, got: {error}; "
                "GPIOZERO_PIN_FACTORY=mock simulates it",
                name,
                self.pin,
            ) from error
        except Exception as error:  # each pin library has errors of its own
            raise OutputError(
                f"outputs.{name}: expected GPIO {self.pin} to be usable, got: {error}",
                name,
                self.pin,
            ) from error
        self._firings: queue.Queue[tuple[float, float] | None] = queue.Queue()
        self._stopping = threading.Event()
        self._closing = threading.Lock()
        self._thread = threading.Thread(target=self._work, name=f"output {name}", daemon=True)
        self._thread.start()

    def fire(self, time: float) -> None:
        """Start a pulse, or queue it behind the one under way; returns at once."""
        self._firings.put((time, clock.monotonic()))

    @property
    def idle(self) -> bool:
        """True when no pulse is under way or queued."""
        return self._firings.unfinished_tasks == 0

    def stop(self) -> None:
        """End the pulse under way and start no other; returns at once."""
        self._stopping.set()
        self._firings.put(None)

    def close(self) -> None:
        """Go to the safe level now, whatever is under way, and free the pin.

        Raises:
            OutputError: the pin can't be driven; its level is unknown.
        """
        self.stop()
        self._thread.join(1.0)  # longer only if a listener hangs, and then the pin is safe
        with self._closing:
            if self._device.closed:
                return
            try:
                self._device.off()
            except Exception as error:
                raise OutputError(
                    f"outputs.{self.name}: expected GPIO {self.pin} to go to its safe level, "
                    f"got: {error}",
                    self.name,
                    self.pin,
                ) from error
            finally:
                self._device.close()

    def _work(self) -> None:
        while (firing := self._firings.get()) is not None and not self._stopping.is_set():
            try:
                try:
                    released = self._pulse(*firing)
                finally:
                    self._firings.task_done()
                self._listen(released)
            except Exception:
                log.exception("outputs.%s: GPIO %d failed", self.name, self.pin)

    def _pulse(self, time: float, asked: float) -> Event:
        started = clock.monotonic()
        try:
            self._device.on()
            self._stopping.wait(self._pulse_s)
        finally:
            self._device.off()
        ended = clock.monotonic()
        facts: Facts = {"output": self.name, "pin": self.pin, "length_s": round(ended - started, 4)}
        return Event(time + ended - asked, "released", facts)
