"""Pulses on a GPIO pin: a camera's remote shutter through an optocoupler."""

from __future__ import annotations

import time as clock

from gpiozero import DigitalOutputDevice

from edge.outputs.output import Firing, Output, Report, Tell, opening
from edge.settings import ShutterSettings


class Shutter(Output):
    """``burst`` pulses of ``pulse_s`` for each firing, on request with a focus line before.

    Lengths are real time even where a clip is played faster than that; firings that come during
    a pulse wait for its end.

    Raises:
        OutputError: there is no GPIO here, or a pin can't be had.
    """

    QUEUED = 1000

    def __init__(self, name: str, settings: ShutterSettings, tell: Tell, report: Report) -> None:
        super().__init__(name, tell, report)
        self._settings = settings
        self.pin = settings.pin
        self._devices: dict[str, DigitalOutputDevice] = {}
        try:
            for key, pin in settings.pins():
                with opening(name, pin):
                    self._devices[key] = DigitalOutputDevice(pin, active_high=settings.active_high)
        except BaseException:
            self.free()
            raise
        self.start()

    def work(self, firing: Firing) -> None:
        settings = self._settings
        shutter, focus = self._devices["pin"], self._devices.get("focus_pin")
        started = clock.monotonic()
        try:
            if focus is not None:
                self.drive(focus)
                self.rest(settings.focus_s)
            for shot in range(settings.burst):
                if shot:
                    shutter.off()
                    self.rest(settings.burst_gap_s)
                self.drive(shutter)
                self.rest(settings.pulse_s)
        finally:
            self.end()
            self.tell("released", firing, length_s=round(clock.monotonic() - started, 4))

    def off(self) -> None:
        for device in self._devices.values():
            if not device.closed:
                device.off()

    def free(self) -> None:
        for device in self._devices.values():
            device.close()
