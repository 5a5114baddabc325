"""Light and sound: how much somebody smiles, that it fired, what is wrong."""

from __future__ import annotations

import time as clock
from collections.abc import Callable
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
    While a shutter counts down, LEDs blink, the RGB LED in yellow, and the buzzer beeps, the faster
    the less time is left; at the end both show a firing once more.

    Raises:
        OutputError: there is no GPIO here, a pin can't be had or can't be dimmed.
    """

    FLASH_S = 0.3
    BLINK_S = 0.2
    PAUSE_S = 1.2
    RETRY_S = 10.0
    SLOWEST_S, FASTEST_S = 0.5, 0.06
    """How long light and darkness of a countdown last at most and at least."""
    HIGH, MIDDLE, LOW = 1.0, 0.0, -1.0  # A4, and one octave above and below
    TONE_S, REST_S = 0.15, 0.05

    def __init__(
        self, name: str, settings: IndicatorSettings, listen: Listen, faults: Faults
    ) -> None:
        super().__init__(name, listen, faults)
        self._score: float | None = None  # None for dark: no frame since it was made safe
        self._fault: Fault | None = None
        self._flash_until = self._countdown_until = 0.0  # 0 for no countdown
        self._tones: list[float] = []
        self._buzzer: TonalBuzzer | None = None
        self._led: PWMLED | None = None
        self._rgb: list[PWMLED] = []
        led = partial(PWMLED, active_high=settings.active_high)
        for key, pin in settings.pins():
            if key == "buzzer_pin":
                self._buzzer = self.open_pin(pin, TonalBuzzer)
            elif key == "led_pin":
                self._led = self.open_pin(pin, led)
            else:
                self._rgb.append(self.open_pin(pin, led))
        self.start()

    def fire(self, firing: Firing) -> bool:  # noqa: ARG002
        """Show that the other outputs fired; False, as it changes nothing itself."""
        with self._lock:
            self._flash()
            self._lock.notify_all()
        return False

    @property
    def idle(self) -> bool:
        with self._lock:
            return not (self._tones or self._flashing() or self._countdown_until)

    def process_frame(self, decision: Decision, frame: Frame | None) -> None:  # noqa: ARG002
        if decision.score != self._score:
            with self._lock:
                self._score = decision.score
                self._lock.notify_all()

    def show_countdown(self, until: float) -> None:
        with self._lock:
            self._countdown_until = until
            self._lock.notify_all()

    def faces_left(self) -> None:
        with self._lock:
            self._countdown_until = 0.0
            self._lock.notify_all()

    def show_fault(self, fault: Fault | None) -> None:
        with self._lock:
            before, self._fault = self._fault, fault
            if fault is not None and (before is None or FAULTS.index(fault) < FAULTS.index(before)):
                self._tones += [self.LOW, self.LOW]
            self._lock.notify_all()

    def safe(self) -> None:
        with self._lock:
            self._score = None
            self._flash_until = self._countdown_until = 0.0
            self._tones = []
            super().safe()

    def act(self) -> None:
        """Show the present state for a while, with the lock held but while it waits: what changes
        wakes it, and it misses no change."""
        with self._lock:
            if self._faults.has("output", self.name):
                self._lock.wait_for(lambda: self._stopped, self.RETRY_S)
            self.begin()
            self._show_state()

    def _show_state(self) -> None:
        if 0.0 < self._countdown_until <= clock.monotonic():
            self._countdown_until = 0.0
            self._flash()
        if self._flashing():
            self._light(1.0, (1.0, 1.0, 1.0))
        if self._tones:
            self._play()
        elif self._flashing():
            self.wait(self._flash_until - clock.monotonic())
        elif self._countdown_until:
            self._count_down(self._countdown_until)
        elif self._fault is not None:
            self._blink(BLINKS[self._fault])
        else:
            if self._score is None:
                self._light(0.0, (0.0, 0.0, 0.0))
            else:
                self._light(self._score, (0.0, self._score, 1.0 - self._score))
            if not self._faults.has("output", self.name):  # else its end is to be told first
                self._lock.wait()

    def _flash(self) -> None:
        self._flash_until = clock.monotonic() + self.FLASH_S
        self._tones.append(self.HIGH)

    def _flashing(self) -> bool:
        return self._flash_until > clock.monotonic()

    def _blink(self, times: int) -> None:
        """Show a fault once, unless there is a firing or a countdown to show."""
        blinks = [(1.0, self.BLINK_S), (0.0, self.BLINK_S)] * times
        for light, seconds in (*blinks, (0.0, self.PAUSE_S)):
            self._light(light, (light, 0.0, 0.0))
            if self._waited_for(lambda: bool(self._tones or self._countdown_until), seconds):
                return  # a firing always sounds, too

    def _count_down(self, until: float) -> None:
        """Blink and beep once."""
        half_s = (until - clock.monotonic()) / 10.0
        half_s = min(self.SLOWEST_S, max(self.FASTEST_S, half_s))
        for light in (1.0, 0.0):
            self._light(light, (light, light, 0.0))
            if self._buzzer is not None:
                self.drive(self._buzzer, self.MIDDLE if light else None)
            seconds = min(half_s, until - clock.monotonic())
            if self._waited_for(
                lambda: bool(self._tones) or self._countdown_until != until, seconds
            ):
                break
        if self._buzzer is not None:
            self.drive(self._buzzer, None)

    def _waited_for(self, over: Callable[[], bool], seconds: float) -> bool:
        """Wait for a condition, some seconds at most; return whether it is true.

        Raises:
            Interrupted: the output was made safe since ``begin``; at once.
        """
        self._lock.wait_for(lambda: self.interrupted or over(), seconds)
        self.check_not_interrupted()
        return over()

    def _light(self, brightness: float, colour: tuple[float, float, float]) -> None:
        """Light the single LED and, in a colour (red, green, blue), the RGB LED; each 0 to 1."""
        if self._led is not None:
            self.drive(self._led, brightness)
        for number, led in enumerate(self._rgb):
            self.drive(led, colour[number])

    def _play(self) -> None:
        tones, self._tones = self._tones, []
        if self._buzzer is None:
            return
        for tone in tones:
            self.drive(self._buzzer, tone)
            self.wait(self.TONE_S)
            self._buzzer.stop()
            self.wait(self.REST_S)
