"""Light and sound: how much somebody smiles, that it fired, what is wrong."""

from __future__ import annotations

import time as clock
from functools import partial

from gpiozero import PWMLED, TonalBuzzer

from edge.outputs.faults import Faults, Listen
from edge.outputs.gpio_output import GpioOutput
from edge.outputs.output import Firing
from edge.settings import IndicatorSettings
from edge.values import FAULTS, Decision, Fault, Frame

BLINKS: dict[Fault, int] = {"camera": 1, "stalled": 1, "rate": 2, "output": 3}


class Indicator(GpioOutput):
    """An LED goes from dim to bright with the score, an RGB LED from blue to green; both flash at
    a firing. A fault is shown by as many short blinks as ``BLINKS`` says and a pause, the RGB
    LED's in red. A buzzer plays one high tone at a firing and two low ones when a fault appears.

    Raises:
        OutputError: there is no GPIO here, a pin can't be had or can't be dimmed.
    """

    FLASH_S = 0.3
    BLINK_S = 0.2
    PAUSE_S = 1.2
    REFRESH_S = 0.04
    RETRY_S = 10.0
    HIGH, LOW = 1.0, -1.0  # one octave above and below A4
    TONE_S = 0.15

    def __init__(
        self, name: str, settings: IndicatorSettings, listen: Listen, faults: Faults
    ) -> None:
        super().__init__(name, listen, faults)
        self._settings = settings
        self._score = 0.0
        self._dark = True  # until there is something to show
        self._fault: Fault | None = None
        self._flash_until = 0.0
        self._tones: list[float] = []
        self._buzzer: TonalBuzzer | None = None
        self._leds: list[PWMLED] = []  # the single LED, if any, and then red, green and blue
        led = partial(PWMLED, active_high=settings.active_high)
        for key, pin in settings.pins():
            if key == "buzzer_pin":
                self._buzzer = self.open_pin(pin, TonalBuzzer)
            else:
                self._leds.append(self.open_pin(pin, led))
        self.start()

    def fire(self, firing: Firing) -> bool:  # noqa: ARG002
        """Show that the other outputs fired; False, as it changes nothing itself."""
        with self._lock:
            self._dark = False
            self._flash_until = clock.monotonic() + self.FLASH_S
            self._tones.append(self.HIGH)
            self._lock.notify_all()
        return False

    @property
    def idle(self) -> bool:
        with self._lock:
            return not self._tones and clock.monotonic() >= self._flash_until

    def process_frame(self, decision: Decision, frame: Frame | None) -> None:  # noqa: ARG002
        if self._dark or abs(decision.score - self._score) > 0.01:
            with self._lock:
                self._dark = False
                self._score = decision.score
                self._lock.notify_all()

    def show_fault(self, fault: Fault | None) -> None:
        with self._lock:
            before, self._fault = self._fault, fault
            if fault is not None:
                self._dark = False
                if before is None or FAULTS.index(fault) < FAULTS.index(before):
                    self._tones += [self.LOW, self.LOW]
            self._lock.notify_all()

    def safe(self) -> None:
        with self._lock:
            self._dark = True
            self._score = self._flash_until = 0.0
            self._tones = []
            super().safe()

    def act(self) -> None:
        """Show the present state for a while."""
        with self._lock:
            if self._failed:
                self._lock.wait_for(lambda: self._stopped, self.RETRY_S)
            self.begin()
        self._show_state()

    def _show_state(self) -> None:
        if self._flashing():
            self._light(1.0, (1.0, 1.0, 1.0))
        if self._tones:
            self._play()
        elif self._flashing():
            self.wait(self._flash_until - clock.monotonic())
        elif self._fault is not None:
            self._blink(BLINKS[self._fault])
        else:
            score, dark = self._score, self._dark
            if not dark:
                self._light(score, (0.0, score, 1.0 - score))
                self.wait(self.REFRESH_S)
            with self._lock:
                self._lock.wait_for(lambda: self._changed(score, dark), self.RETRY_S)

    def _flashing(self) -> bool:
        return self._flash_until > clock.monotonic()

    def _changed(self, score: float, dark: bool) -> bool:
        return bool(
            self._stopped
            or self._tones
            or self._fault is not None
            or (self._score, self._dark) != (score, dark)
            or self._flashing()
        )

    def _blink(self, times: int) -> None:
        """Show a fault once, unless there is a firing to show."""
        blinks = [(1.0, self.BLINK_S), (0.0, self.BLINK_S)] * times
        for light, seconds in (*blinks, (0.0, self.PAUSE_S)):
            self._light(light, (light, 0.0, 0.0))
            with self._lock:
                self._lock.wait_for(self._is_blinking_over, seconds)
                self.check_not_interrupted()
                if self._is_blinking_over():
                    return

    def _is_blinking_over(self) -> bool:
        return self.interrupted or bool(self._tones) or self._flashing()

    def _light(self, brightness: float, colour: tuple[float, float, float]) -> None:
        """Light the single LED and, in a colour (red, green, blue), the RGB LED; each 0 to 1."""
        values = [brightness] if self._settings.led_pin is not None else []
        for led, value in zip(self._leds, [*values, *colour], strict=False):
            self.drive(led, value)

    def _play(self) -> None:
        tones, self._tones = self._tones, []
        if self._buzzer is None:
            return
        for tone in tones:
            self.drive(self._buzzer, tone)
            self.wait(self.TONE_S)
            with self._lock:
                self._buzzer.stop()
            self.wait(self.TONE_S / 3)
