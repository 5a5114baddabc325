"""A relay that opens a gate, for a time that has an upper limit of its own."""

from __future__ import annotations

import time as clock

from gpiozero import DigitalInputDevice, DigitalOutputDevice

from edge.outputs.output import Firing, Output, Report, Tell, opening
from edge.settings import GateSettings
from edge.values import Decision, Frame


class Gate(Output):
    """Open for ``open_s`` from each firing on, and longer while the smile that fired lasts or the
    hold-open input is active, but never for more than ``max_open_s``: its own thread closes it,
    whatever the pipeline does.

    Raises:
        OutputError: there is no GPIO here, or a pin can't be had.
    """

    POLL_S = 0.02
    """How often the hold-open input is read while it is what keeps the gate open."""

    def __init__(self, name: str, settings: GateSettings, tell: Tell, report: Report) -> None:
        super().__init__(name, tell, report)
        self._settings = settings
        self.pin = settings.pin
        self._asked = False  # to be open, from a firing until it is closed again
        self._smiling = False
        self._until = 0.0  # not before this it closes; monotonic
        self._closed_at = float("-inf")
        with opening(name, settings.pin):
            self._relay = DigitalOutputDevice(settings.pin, active_high=settings.active_high)
        self._hold_open: DigitalInputDevice | None = None
        if settings.hold_open_pin is not None:
            try:
                with opening(name, settings.hold_open_pin):
                    self._hold_open = DigitalInputDevice(settings.hold_open_pin, pull_up=True)
            except BaseException:
                self.free()
                raise
        self.start()

    def fire(self, firing: Firing) -> bool:
        """As any output, but while the gate is open it is kept open for ``open_s`` more."""
        with self._lock:
            self._until = clock.monotonic() + self._settings.open_s
            self._asked = self._asked or super().fire(firing)
            return self._asked

    def see(self, decision: Decision, frame: Frame | None) -> None:  # noqa: ARG002
        if decision.smiling != self._smiling:
            with self._lock:
                self._smiling = decision.smiling
                self._lock.notify_all()

    def work(self, firing: Firing) -> None:
        self.rest(self._closed_at + self._settings.settle_s - clock.monotonic())
        self.drive(self._relay)
        opened = clock.monotonic()
        try:
            # The lock is held from the decision to close until it is closed: a firing comes either
            # before, and keeps it open, or after, and opens it again.
            with self._lock:
                try:
                    self._stay_open(opened)
                finally:
                    self.end()
                    self._closed_at = clock.monotonic()
        finally:
            self.tell("released", firing, length_s=round(clock.monotonic() - opened, 4))

    def _stay_open(self, opened: float) -> None:
        self._until = opened + self._settings.open_s
        while (wait := self._to_wait(opened + self._settings.max_open_s)) > 0:
            self._lock.wait(wait)
            self._check()

    def _to_wait(self, latest: float) -> float:
        """Return for how long the gate need not be looked at, in seconds; 0 to close it."""
        now = clock.monotonic()
        if self._smiling:
            return latest - now
        if now < self._until:
            return min(self._until, latest) - now
        return min(self.POLL_S, latest - now) if self._held_open() else 0.0

    def _held_open(self) -> bool:
        if self._hold_open is None:
            return False
        to_ground = bool(self._hold_open.is_active)
        return to_ground == (self._settings.hold_open_level == "low")

    def off(self) -> None:
        self._asked = False
        if not self._relay.closed:
            self._relay.off()

    def free(self) -> None:
        self._relay.close()
        if self._hold_open is not None:
            self._hold_open.close()
