"""The outputs, a class for each kind."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, get_args

from msgspec import Meta, Struct, field

from edge.errors import ConfigError

RESERVED_PINS: Mapping[int, str] = {
    0: "which is for the EEPROM of HATs",
    1: "which is for the EEPROM of HATs",
    2: "which a resistor on the board holds at 3.3 V while nobody drives it",
    3: "which a resistor on the board holds at 3.3 V while nobody drives it",
    14: "on which the serial console talks while the board boots",
    15: "on which the serial console listens",
}
"""Pins by BCM number that no output may use, and why (Raspberry Pi documentation, GPIO)."""

Pin = Annotated[int, Meta(ge=0, le=27)]
"""The BCM number of a GPIO pin."""

NAMED_KEYS = (
    *("space", "enter", "tab", "esc", "backspace", "delete", "insert", "home", "end"),
    *("pageup", "pagedown", "up", "down", "left", "right"),
)
KEYS = {
    *NAMED_KEYS,
    *string.ascii_lowercase,
    *string.digits,
    *(f"f{number}" for number in range(1, 25)),
}
"""The keys that a key output may press: none of them turns the machine off."""


class OutputSettings(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """What all kinds of output share. A subclass lists its settings of pins in ``PINS``."""

    PINS: ClassVar[tuple[str, ...]] = ()

    def pins(self) -> list[tuple[str, int]]:
        """Return all pins, each after the name of its setting, in the order of ``PINS``."""
        named: list[tuple[str, int]] = []
        for name in self.PINS:
            value: int | tuple[int, ...] | None = getattr(self, name)
            pins = value if isinstance(value, tuple) else (value,)
            named += [(name, pin) for pin in pins if pin is not None]
        return named


class ShutterSettings(OutputSettings, frozen=True, tag="shutter"):
    """[outputs.NAME] with kind = "shutter": a camera's remote release, pulsed at each firing.

    Attributes:
        pin: BCM number of the shutter line's pin.
        pulse_s: pulse length, s; a whole firing takes at most trigger.cooldown_s. Why: cameras miss
            much shorter pulses.
        focus_pin: pin of the focus line, active from before the first pulse to the last's end.
        focus_s: time to focus before the first pulse, s. Why: most lenses have focused by then.
        burst: pulses at each firing. Why: one smile, one picture.
        burst_gap_s: time between the pulses of a burst, s. Why: time for closed eyes to open.
        delay_s: countdown from the firing on, shown by the indicators, s; cancelled when all faces
            have left. Why: no countdown.
        active_high: true: 3.3 V is active and 0 V safe; false: the reverse. Why: a pin that is not
            driven is then safe with a resistor to ground.
    """

    PINS = ("pin", "focus_pin")

    pin: Pin
    pulse_s: Annotated[float, Meta(ge=0.01, le=10)] = 0.2
    focus_pin: Pin | None = None
    focus_s: Annotated[float, Meta(ge=0, le=10)] = 0.5
    burst: Annotated[int, Meta(ge=1, le=20)] = 1
    burst_gap_s: Annotated[float, Meta(ge=0.01, le=60)] = 0.3
    delay_s: Annotated[float, Meta(ge=0, le=60)] = 0.0
    active_high: bool = True

    @property
    def length_s(self) -> float:
        """The length of a firing in seconds, countdown, focus and gaps included."""
        focus_s = self.focus_s if self.focus_pin is not None else 0.0
        pulses_s = self.burst * self.pulse_s + (self.burst - 1) * self.burst_gap_s
        return self.delay_s + focus_s + pulses_s


class GateSettings(OutputSettings, frozen=True, tag="gate"):
    """[outputs.NAME] with kind = "gate": a relay that is closed while the gate should be open.

    Attributes:
        pin: BCM number of the relay's pin.
        open_s: shortest time open, s; at most max_open_s. Why: enough to walk through.
        max_open_s: longest time open, s, however long the smile or the button lasts. Why: a gate
            forgotten open closes within half a minute.
        settle_s: shortest time between switching off and on again, s. Why: a relay's contacts
            bounce for about 10 ms; motors must not be reversed at once.
        hold_open_pin: pin of a button or obstacle sensor to ground that keeps an open gate open.
        hold_open_level: level that keeps the gate open: low for a contact that closes, high for a
            contact that opens, with which a broken wire keeps the gate open, too. Why: push buttons
            close their contact.
        active_high: true: 3.3 V is active and 0 V safe; false: the reverse. Why: a pin that is not
            driven is then safe with a resistor to ground.
    """

    PINS = ("pin", "hold_open_pin")

    pin: Pin
    open_s: Annotated[float, Meta(ge=0.1, le=3600)] = 5.0
    max_open_s: Annotated[float, Meta(ge=0.1, le=3600)] = 30.0
    settle_s: Annotated[float, Meta(ge=0, le=60)] = 0.5
    hold_open_pin: Pin | None = None
    hold_open_level: Literal["low", "high"] = "low"
    active_high: bool = True

    def __post_init__(self) -> None:
        if self.open_s > self.max_open_s:
            raise ConfigError(
                f"expected at most max_open_s ({self.max_open_s}), got {self.open_s}", "open_s"
            )


class IndicatorSettings(OutputSettings, frozen=True, tag="indicator"):
    """[outputs.NAME] with kind = "indicator": shows the score, firings and faults.

    Attributes:
        led_pin: pin of an LED: dim to bright with the score, blinks faults.
        rgb_pins: red, green and blue pin of an RGB LED: blue to green with the score, red faults.
        buzzer_pin: pin of a passive buzzer: a high tone at a firing, low ones at faults.
        active_high: true: 3.3 V is active and 0 V safe; false: the reverse. Why: a pin that is not
            driven is then safe with a resistor to ground.
    """

    PINS = ("led_pin", "rgb_pins", "buzzer_pin")

    led_pin: Pin | None = None
    rgb_pins: tuple[Pin, Pin, Pin] | None = None
    buzzer_pin: Pin | None = None
    active_high: bool = True

    def __post_init__(self) -> None:
        if not self.pins():
            raise ConfigError("expected a led_pin, rgb_pins or a buzzer_pin, got none", "led_pin")


class SnapshotSettings(OutputSettings, frozen=True, tag="snapshot"):
    """[outputs.NAME] with kind = "snapshot": a JPEG of the frame that fired. Pictures of people
    are kept only where this is configured.

    Attributes:
        folder: where pictures go; a relative path starts at the configuration file.
        best_of_s: the best frame from the firing until so much later is saved: with the most faces,
            then the highest lowest score among them, then the sharpest mouth, s. Why: the frame
            that fired.
        mode: permissions of the files, three octal digits; a folder that is made gets them too, and
            may be entered by whoever may read. Why: pictures of people are nobody else's.
        group: group of the files and of a folder that is made. Why: that of the process.
        quality: JPEG quality. Why: no visible loss at half the size of 95.
        max_mb: the oldest pictures are deleted above this size of the folder, MB. Why: about a
            thousand pictures.
        max_age_days: pictures older than this are deleted, days. Why: strangers' faces are kept for
            a week at most unless you decide otherwise.
        min_free_mb: no picture is saved with less than this free on the card, MB. Why: the system
            needs room for its logs and updates.
        strip: number of frames before the firing to save as one strip beside the picture. Why: no
            strip.
        strip_s: time between the frames of the strip, s. Why: long enough to show how the smile
            grows.
    """

    folder: str
    best_of_s: Annotated[float, Meta(ge=0, le=5)] = 0.0
    mode: str = "0600"
    group: str | None = None
    quality: Annotated[int, Meta(ge=10, le=100)] = 90
    max_mb: Annotated[float, Meta(ge=1, le=1_000_000)] = 200.0
    max_age_days: Annotated[float, Meta(ge=0.001, le=3650)] = 7.0
    min_free_mb: Annotated[float, Meta(ge=10, le=1_000_000)] = 500.0
    strip: Annotated[int, Meta(ge=0, le=8)] = 0
    strip_s: Annotated[float, Meta(ge=0.1, le=5)] = 0.3

    def __post_init__(self) -> None:
        if not re.fullmatch("0?[4-7][0-7][0-7]", self.mode):
            raise ConfigError(
                f"expected three octal digits that let the owner read, as 0640, got {self.mode!r}",
                "mode",
            )


class CommandSettings(OutputSettings, frozen=True, tag="command"):
    """[outputs.NAME] with kind = "command": a program that is started at each firing, without a
    shell, with the event as JSON on its standard input.

    Attributes:
        command: program and arguments, as a list.
        on: the events that start it: fired (this output's turn at a smile), saved (a picture, with
            its file), fault, camera_lost. Why: a program acts on a smile.
        timeout_s: the program is killed after this time, with all that it has started, s. Why:
            longer than most web requests take.
        environment: its environment besides PATH, LANG and SMILE_GATE_FIRING. Why: nothing of ours
            leaks into it.
    """

    command: Annotated[tuple[Annotated[str, Meta(min_length=1)], ...], Meta(min_length=1)]
    on: Annotated[
        tuple[Literal["fired", "saved", "fault", "camera_lost"], ...], Meta(min_length=1)
    ] = ("fired",)
    timeout_s: Annotated[float, Meta(ge=0.1, le=3600)] = 10.0
    environment: dict[str, str] = field(default_factory=dict)


class KeySettings(OutputSettings, frozen=True, tag="key"):
    """[outputs.NAME] with kind = "key": a key that a smile presses on this machine.

    Attributes:
        key: the key: a letter, a digit, f1 to f24, space, enter, tab, esc, backspace, delete,
            insert, home, end, pageup, pagedown, up, down, left or right.
        press: tap: pressed for tap_s at each firing; hold: until the smile that fired ends. Why:
            what programs for switch access expect at first.
        tap_s: length of a tap, and shortest length of a hold, s. Why: as long as a finger's.
        max_hold_s: longest length of a hold, s, however long the smile lasts. Why: whoever cannot
            use their hands cannot free a stuck key.
        ignore_repeat_s: no press begins within this time after the last ended, s. Why: a smile that
            trembles at its end is no second press.
    """

    key: str
    press: Literal["tap", "hold"] = "tap"
    tap_s: Annotated[float, Meta(ge=0.02, le=0.5)] = 0.1
    max_hold_s: Annotated[float, Meta(ge=0.5, le=3600)] = 10.0
    ignore_repeat_s: Annotated[float, Meta(ge=0, le=60)] = 0.5

    def __post_init__(self) -> None:
        if self.key.lower() not in KEYS:
            raise ConfigError(
                f"expected a letter, a digit, f1 to f24 or one of {', '.join(NAMED_KEYS)}, "
                f"got {self.key!r}",
                "key",
            )


AnyOutputSettings = (
    ShutterSettings
    | GateSettings
    | IndicatorSettings
    | SnapshotSettings
    | CommandSettings
    | KeySettings
)

OUTPUT_KINDS: Mapping[str, type[AnyOutputSettings]] = {
    kind.__struct_config__.tag: kind for kind in get_args(AnyOutputSettings)
}
