"""The outputs, a class for each kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, get_args

from msgspec import Struct, field

from edge.errors import ConfigError
from edge.settings.metadata import between, meaning, not_empty, why

RESERVED_PINS: Mapping[int, str] = {
    0: "which is for the EEPROM of HATs",
    1: "which is for the EEPROM of HATs",
    2: "which a resistor on the board holds at 3.3 V while nobody drives it",
    3: "which a resistor on the board holds at 3.3 V while nobody drives it",
    14: "on which the serial console talks while the board boots",
    15: "on which the serial console listens",
}
"""Pins by BCM number that no output may use, and why (Raspberry Pi documentation, GPIO)."""

Pin = Annotated[int, between(0, 27), meaning("BCM number of a GPIO pin")]
ActiveHigh = Annotated[
    bool,
    meaning("true: 3.3 V is active and 0 V safe; false: the reverse"),
    why("a pin that is not driven is then safe with a resistor to ground"),
]


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
    """[outputs.NAME] with kind = "shutter": a camera's remote release, pulsed at each firing."""

    PINS = ("pin", "focus_pin")

    pin: Annotated[Pin, meaning("BCM number of the shutter line's pin")]
    pulse_s: Annotated[
        float,
        between(0.01, 10),
        meaning("pulse length, s; a whole firing takes at most trigger.cooldown_s"),
        why("cameras miss much shorter pulses"),
    ] = 0.2
    focus_pin: Annotated[
        Pin | None,
        meaning("pin of the focus line, active from before the first pulse to the last's end"),
    ] = None
    focus_s: Annotated[
        float,
        between(0, 10),
        meaning("time to focus before the first pulse, s"),
        why("most lenses have focused by then"),
    ] = 0.5
    burst: Annotated[
        int, between(1, 20), meaning("pulses at each firing"), why("one smile, one picture")
    ] = 1
    burst_gap_s: Annotated[
        float,
        between(0.01, 60),
        meaning("time between the pulses of a burst, s"),
        why("time for closed eyes to open"),
    ] = 0.3
    active_high: ActiveHigh = True

    @property
    def length_s(self) -> float:
        """The length of a firing in seconds, focus and gaps included."""
        focus_s = self.focus_s if self.focus_pin is not None else 0.0
        return focus_s + self.burst * self.pulse_s + (self.burst - 1) * self.burst_gap_s


class GateSettings(OutputSettings, frozen=True, tag="gate"):
    """[outputs.NAME] with kind = "gate": a relay that is closed while the gate should be open."""

    PINS = ("pin", "hold_open_pin")

    pin: Annotated[Pin, meaning("BCM number of the relay's pin")]
    open_s: Annotated[
        float,
        between(0.1, 3600),
        meaning("shortest time open, s; at most max_open_s"),
        why("enough to walk through"),
    ] = 5.0
    max_open_s: Annotated[
        float,
        between(0.1, 3600),
        meaning("longest time open, s, however long the smile or the button lasts"),
        why("a gate forgotten open closes within half a minute"),
    ] = 30.0
    settle_s: Annotated[
        float,
        between(0, 60),
        meaning("shortest time between switching off and on again, s"),
        why("a relay's contacts bounce for about 10 ms; motors must not be reversed at once"),
    ] = 0.5
    hold_open_pin: Annotated[
        Pin | None,
        meaning("pin of a button or obstacle sensor to ground that keeps an open gate open"),
    ] = None
    hold_open_level: Annotated[
        Literal["low", "high"],
        meaning(
            "level that keeps the gate open: low for a contact that closes, high for a contact "
            "that opens, with which a broken wire keeps the gate open, too"
        ),
        why("push buttons close their contact"),
    ] = "low"
    active_high: ActiveHigh = True

    def __post_init__(self) -> None:
        if self.open_s > self.max_open_s:
            raise ConfigError(
                f"expected at most max_open_s ({self.max_open_s}), got {self.open_s}", "open_s"
            )


class IndicatorSettings(OutputSettings, frozen=True, tag="indicator"):
    """[outputs.NAME] with kind = "indicator": shows the score, firings and faults."""

    PINS = ("led_pin", "rgb_pins", "buzzer_pin")

    led_pin: Annotated[
        Pin | None, meaning("pin of an LED: dim to bright with the score, blinks faults")
    ] = None
    rgb_pins: Annotated[
        tuple[Pin, Pin, Pin] | None,
        meaning("red, green and blue pin of an RGB LED: blue to green with the score, red faults"),
    ] = None
    buzzer_pin: Annotated[
        Pin | None, meaning("pin of a passive buzzer: a high tone at a firing, low ones at faults")
    ] = None
    active_high: ActiveHigh = True

    def __post_init__(self) -> None:
        if not self.pins():
            raise ConfigError("expected a led_pin, rgb_pins or a buzzer_pin, got none", "led_pin")


class SnapshotSettings(OutputSettings, frozen=True, tag="snapshot"):
    """[outputs.NAME] with kind = "snapshot": a JPEG of the frame that fired. Pictures of people
    are kept only where this is configured."""

    folder: Annotated[
        str, meaning("where pictures go; a relative path starts at the configuration file")
    ]
    quality: Annotated[
        int,
        between(10, 100),
        meaning("JPEG quality"),
        why("no visible loss at half the size of 95"),
    ] = 90
    max_mb: Annotated[
        float,
        between(1, 1_000_000),
        meaning("the oldest pictures are deleted above this size of the folder, MB"),
        why("about a thousand pictures"),
    ] = 200.0
    max_age_days: Annotated[
        float,
        between(0.001, 3650),
        meaning("pictures older than this are deleted, days"),
        why("strangers' faces are kept for a week at most unless you decide otherwise"),
    ] = 7.0
    min_free_mb: Annotated[
        float,
        between(10, 1_000_000),
        meaning("no picture is saved with less than this free on the card, MB"),
        why("the system needs room for its logs and updates"),
    ] = 500.0
    strip: Annotated[
        int,
        between(0, 8),
        meaning("number of frames before the firing to save as one strip beside the picture"),
        why("no strip"),
    ] = 0
    strip_s: Annotated[
        float,
        between(0.1, 5),
        meaning("time between the frames of the strip, s"),
        why("long enough to show how the smile grows"),
    ] = 0.3


class CommandSettings(OutputSettings, frozen=True, tag="command"):
    """[outputs.NAME] with kind = "command": a program that is started at each firing, without a
    shell, with the event as JSON on its standard input."""

    command: Annotated[
        tuple[Annotated[str, not_empty], ...],
        not_empty,
        meaning("program and arguments, as a list"),
    ]
    timeout_s: Annotated[
        float,
        between(0.1, 3600),
        meaning("the program is killed after this time, s"),
        why("longer than most web requests take"),
    ] = 10.0
    environment: Annotated[
        dict[str, str],
        meaning("its environment besides PATH and LANG"),
        why("nothing of ours leaks into it"),
    ] = field(default_factory=dict)


AnyOutputSettings = (
    ShutterSettings | GateSettings | IndicatorSettings | SnapshotSettings | CommandSettings
)

OUTPUT_KINDS: Mapping[str, type[AnyOutputSettings]] = {
    kind.__struct_config__.tag: kind for kind in get_args(AnyOutputSettings)
}
