"""Pulses on a GPIO pin: a camera's remote shutter through an optocoupler."""

from __future__ import annotations

import time as clock
from functools import partial

from gpiozero import DigitalOutputDevice

from edge.outputs.faults import Faults, Listen
from edge.outputs.gpio_output import GpioOutput
from edge.outputs.output import Firing, Interrupted
from edge.outputs.queued_output import QueuedOutput
from edge.settings import ShutterSettings
from edge.values import Event


class Shutter(GpioOutput, QueuedOutput):
    """``burst`` pulses of ``pulse_s`` for each firing, after a pulse on ``focus_pin`` if there is
    one. With ``delay_s`` a countdown comes before, which ends when the last face leaves.

    Lengths are real time even where a clip is played faster than real time; firings that come
    during a pulse wait for its end.

    Raises:
        OutputError: there is no GPIO here, or a pin can't be opened.
    """

    QUEUE_SIZE = 1000

    def __init__(
        self, name: str, settings: ShutterSettings, listen: Listen, faults: Faults
    ) -> None:
        super().__init__(name, listen, faults)
        self._settings = settings
        self.pin = settings.pin
        self.delay_s = settings.delay_s
        self._left_alone = False  # all faces have left since the last firing
        line = partial(DigitalOutputDevice, active_high=settings.active_high)
        devices = {key: self.open_pin(pin, line) for key, pin in settings.pins()}
        self._shutter, self._focus = devices["pin"], devices.get("focus_pin")
        self.start()

    def fire(self, firing: Firing) -> bool:
        with self._lock:
            self._left_alone = False
            return super().fire(firing)

    def fired(self, firing: Firing) -> Event:
        event = super().fired(firing)
        if not self.delay_s:
            return event
        return Event(event.time, "countdown", {**event.facts, "delay_s": self.delay_s})

    def faces_left(self) -> None:
        with self._lock:
            self._left_alone = True
            self._lock.notify_all()

    def handle(self, firing: Firing) -> None:
        if self.delay_s:
            self._count_down(firing)
        settings = self._settings
        started = clock.monotonic()
        try:
            if self._focus is not None:
                self.drive(self._focus)
                self.wait(settings.focus_s)
            for shot in range(settings.burst):
                if shot:
                    self._shutter.off()
                    self.wait(settings.burst_gap_s)
                self.drive(self._shutter)
                self.wait(settings.pulse_s)
        finally:
            self.finish()
            self.send_event("released", firing, length_s=round(clock.monotonic() - started, 4))

    def _count_down(self, firing: Firing) -> None:
        seconds = firing.requested_at + self.delay_s - clock.monotonic()
        with self._lock:
            self._lock.wait_for(lambda: self.interrupted or self._left_alone, seconds)
            interrupted, cancelled = self.interrupted, self.interrupted or self._left_alone
        if cancelled:
            reason = "made safe" if interrupted else "all faces left"
            self.send_event("cancelled", firing, reason=reason)
            raise Interrupted
        self.send_event("fired", firing, **super().fired(firing).facts)
