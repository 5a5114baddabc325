"""Light and sound: how much somebody smiles, that it fired, what is wrong."""

from __future__ import annotations

import time as clock

from gpiozero import PWMLED, RGBLED, TonalBuzzer

from edge.frames import Decision, Fault, Frame
from edge.outputs.output import Firing, Interrupted, Output, Report, Tell, opening
from edge.settings import IndicatorSettings

BLINKS: dict[Fault, int] = {"camera": 1, "stalled": 1, "rate": 2, "output": 3}


class Indicator(Output):
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

    def __init__(self, name: str, settings: IndicatorSettings, tell: Tell, report: Report) -> None:
        super().__init__(name, tell, report)
        self._score = 0.0
        self._fault: Fault | None = None
        self._flash_until = 0.0
        self._tones: list[float] = []
        self._led = self._rgb = self._buzzer = None
        try:
            if settings.led_pin is not None:
                with opening(name, settings.led_pin):
                    self._led = PWMLED(settings.led_pin, active_high=settings.active_high)
            if settings.rgb_pins is not None:
                with opening(name, settings.rgb_pins[0]):
                    self._rgb = RGBLED(*settings.rgb_pins, active_high=settings.active_high)
            if settings.buzzer_pin is not None:
                with opening(name, settings.buzzer_pin):
                    self._buzzer = TonalBuzzer(settings.buzzer_pin)
        except BaseException:
            self.free()
            raise
        self.start()

    def fire(self, firing: Firing) -> bool:  # noqa: ARG002
        """Show that the others fired; False, as nothing is done to the world."""
        with self._lock:
            self._flash_until = clock.monotonic() + self.FLASH_S
            self._tones = [self.HIGH]
            self._lock.notify_all()
        return False

    @property
    def idle(self) -> bool:
        with self._lock:
            return not self._tones and clock.monotonic() >= self._flash_until

    def see(self, decision: Decision, frame: Frame | None) -> None:  # noqa: ARG002
        if abs(decision.score - self._score) > 0.01:
            with self._lock:
                self._score = decision.score
                self._lock.notify_all()

    def show(self, fault: Fault | None) -> None:
        with self._lock:
            if fault is not None and fault != self._fault:
                self._tones = [self.LOW, self.LOW]
            self._fault = fault
            self._lock.notify_all()

    def safe(self) -> None:
        with self._lock:
            self._score = self._flash_until = 0.0
            self._tones = []
            super().safe()

    def work(self, firing: Firing) -> None:
        """Do nothing: it shows a state, and does not work off firings."""

    def _work(self) -> None:
        while True:
            with self._lock:
                if self._stopped:
                    return
                self._round_at_work = self._round
            self._attempt(self._show_state)
            if self._failed:
                with self._lock:
                    self._lock.wait_for(lambda: self._stopped, self.RETRY_S)

    def _show_state(self) -> None:
        try:
            if self._tones:
                self._play()
            elif self._flash_until > clock.monotonic():
                self._light(1.0, (1.0, 1.0, 1.0))
                self.rest(self._flash_until - clock.monotonic())
            elif self._fault is not None:
                self._blink(BLINKS[self._fault])
            else:
                score = self._score
                self._light(score, (0.0, score, 1.0 - score))
                self.rest(self.REFRESH_S)
                with self._lock:
                    self._lock.wait_for(lambda: self._changed(score), self.RETRY_S)
        except Interrupted:
            pass

    def _changed(self, score: float) -> bool:
        return bool(
            self._stopped
            or self._tones
            or self._fault is not None
            or self._score != score
            or self._flash_until > clock.monotonic()
        )

    def _blink(self, times: int) -> None:
        for _ in range(times):
            self._light(1.0, (1.0, 0.0, 0.0))
            self.rest(self.BLINK_S)
            self._light(0.0, (0.0, 0.0, 0.0))
            self.rest(self.BLINK_S)
        self.rest(self.PAUSE_S)

    def _light(self, brightness: float, colour: tuple[float, float, float]) -> None:
        """Light the LEDs: the one by brightness, the other by (red, green, blue), all 0 to 1."""
        if self._led is not None:
            self.drive(self._led, brightness)
        if self._rgb is not None:
            self.drive(self._rgb, colour)

    def _play(self) -> None:
        tones, self._tones = self._tones, []
        if self._buzzer is None:
            return
        for tone in tones:
            self.drive(self._buzzer, tone)
            self.rest(self.TONE_S)
            with self._lock:
                self._buzzer.stop()
            self.rest(self.TONE_S / 3)

    def off(self) -> None:
        for light in (self._led, self._rgb):
            if light is not None and not light.closed:
                light.off()
        if self._buzzer is not None and not self._buzzer.closed:
            self._buzzer.stop()

    def free(self) -> None:
        for device in (self._led, self._rgb, self._buzzer):
            if device is not None:
                device.close()
