"""A relay that opens a gate, for a time that has an upper limit of its own."""

from __future__ import annotations

import time as clock
from functools import partial
from math import inf

from gpiozero import DigitalInputDevice, DigitalOutputDevice

from edge.outputs.faults import Faults, Listen
from edge.outputs.gpio_output import GpioOutput
from edge.outputs.output import Firing
from edge.outputs.queued_output import QueuedOutput
from edge.settings import GateSettings
from edge.values import Decision, Frame


class Gate(GpioOutput, QueuedOutput):
    """Open for ``open_s`` from each firing on, and longer while the smile that fired lasts or the
    hold-open input is active, but never for more than ``max_open_s``: its own thread closes it,
    whatever the pipeline does.

    Raises:
        OutputError: there is no GPIO here, or a pin can't be opened.
    """

    POLL_S = 0.02
    """How often the hold-open input is read while nothing else keeps the gate open."""

    def __init__(self, name: str, settings: GateSettings, listen: Listen, faults: Faults) -> None:
        super().__init__(name, listen, faults)
        self._settings = settings
        self.pin = settings.pin
        self._to_be_open = False  # from a firing until it is closed again
        self._smiling = False
        self._open_until = self._closed_at = -inf  # it does not close before; monotonic
        self._relay = self.open_pin(
            settings.pin, partial(DigitalOutputDevice, active_high=settings.active_high)
        )
        self._hold_open: DigitalInputDevice | None = None
        if settings.hold_open_pin is not None:
            self._hold_open = self.open_pin(
                settings.hold_open_pin, partial(DigitalInputDevice, pull_up=True)
            )
        self.start()

    def fire(self, firing: Firing) -> bool:
        """Open the gate, or keep an open gate open for ``open_s`` more."""
        with self._lock:
            self._open_until = clock.monotonic() + self._settings.open_s
            self._to_be_open = self._to_be_open or super().fire(firing)
            return self._to_be_open

    def process_frame(self, decision: Decision, frame: Frame | None) -> None:  # noqa: ARG002
        if decision.smiling != self._smiling:
            with self._lock:
                self._smiling = decision.smiling
                self._lock.notify_all()

    def handle(self, firing: Firing) -> None:
        self.wait(self._closed_at + self._settings.settle_s - clock.monotonic())
        self.drive(self._relay)
        opened = clock.monotonic()
        try:
            # The lock is held from the decision to close until it is closed: a firing comes either
            # before, and keeps it open, or after, and opens it again.
            with self._lock:
                try:
                    self._stay_open(opened)
                finally:
                    self.finish()
                    self._closed_at = clock.monotonic()
        finally:
            self.send_event("released", firing, length_s=round(clock.monotonic() - opened, 4))

    def _stay_open(self, opened: float) -> None:
        self._open_until = opened + self._settings.open_s
        while (seconds := self._seconds_to_wait(opened + self._settings.max_open_s)) > 0:
            self._lock.wait(seconds)
            self.check_not_interrupted()

    def _seconds_to_wait(self, latest: float) -> float:
        """Return how long nothing can close the gate, 0 to close it now."""
        now = clock.monotonic()
        if self._smiling:
            return latest - now
        if now < self._open_until:
            return min(self._open_until, latest) - now
        return min(self.POLL_S, latest - now) if self._is_held_open() else 0.0

    def _is_held_open(self) -> bool:
        if self._hold_open is None:
            return False
        to_ground = bool(self._hold_open.is_active)
        return to_ground == (self._settings.hold_open_level == "low")

    def off(self) -> None:
        self._to_be_open = False
        super().off()
