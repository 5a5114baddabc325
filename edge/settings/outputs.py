"""Settings of the outputs, a class for each kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from msgspec import Struct, field

from edge.errors import ConfigError
from edge.settings.metadata import setting

RESERVED_PINS: Mapping[int, str] = {
    0: "which is for the EEPROM of HATs",
    1: "which is for the EEPROM of HATs",
    2: "which a resistor on the board holds at 3.3 V while nobody drives it",
    3: "which a resistor on the board holds at 3.3 V while nobody drives it",
    14: "on which the serial console talks while the board boots",
    15: "on which the serial console listens",
}
"""Pins by BCM number that no output may use, and why (Raspberry Pi documentation, GPIO)."""


Pin = Annotated[int, setting("BCM number of a GPIO pin", bounds=(0, 27))]
ActiveHigh = Annotated[
    bool,
    setting(
        "true: 3.3 V is active and 0 V safe; false: the reverse",
        "a pin that nobody drives is then safe with a resistor to ground",
    ),
]


class OutputSettings(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """What the settings of all kinds of output have in common."""

    PINS: ClassVar[tuple[str, ...]] = ()

    def pins(self) -> list[tuple[str, int]]:
        """Return the pins used, each with its key, in the order of the keys."""
        used: list[tuple[str, int]] = []
        for key in self.PINS:
            value: int | tuple[int, ...] | None = getattr(self, key)
            pins = value if isinstance(value, tuple) else (value,)
            used += [(key, pin) for pin in pins if pin is not None]
        return used


class ShutterSettings(OutputSettings, frozen=True, tag="shutter"):
    """[outputs.NAME] with kind = "shutter": a camera's remote release, pulsed at each firing."""

    PINS = ("pin", "focus_pin")

    pin: Annotated[Pin, setting("BCM number of the shutter line's pin")]
    pulse_s: Annotated[
        float,
        setting(
            "pulse length, s; a whole firing takes at most trigger.cooldown_s",
            "cameras overlook much shorter ones",
            bounds=(0.01, 10),
        ),
    ] = 0.2
    focus_pin: Annotated[
        Pin | None,
        setting("pin of the focus line, active from before the first pulse to the last's end"),
    ] = None
    focus_s: Annotated[
        float,
        setting("time to focus before the first pulse, s", "most lenses are there", bounds=(0, 10)),
    ] = 0.5
    burst: Annotated[
        int, setting("pulses at each firing", "one smile, one picture", bounds=(1, 20))
    ] = 1
    burst_gap_s: Annotated[
        float,
        setting("time between the pulses of a burst, s", "eyes open again", bounds=(0.01, 60)),
    ] = 0.3
    active_high: ActiveHigh = True

    @property
    def length_s(self) -> float:
        """How long a firing takes, in seconds."""
        focus_s = self.focus_s if self.focus_pin is not None else 0.0
        return focus_s + self.burst * self.pulse_s + (self.burst - 1) * self.burst_gap_s


class GateSettings(OutputSettings, frozen=True, tag="gate"):
    """[outputs.NAME] with kind = "gate": a relay that is closed while a gate shall be open."""

    PINS = ("pin", "hold_open_pin")

    pin: Annotated[Pin, setting("BCM number of the relay's pin")]
    open_s: Annotated[
        float,
        setting(
            "shortest time open, s; at most max_open_s",
            "enough to walk through",
            bounds=(0.1, 3600),
        ),
    ] = 5.0
    max_open_s: Annotated[
        float,
        setting(
            "longest time open, s, however long the smile or the button lasts",
            "a gate forgotten open closes within half a minute",
            bounds=(0.1, 3600),
        ),
    ] = 30.0
    settle_s: Annotated[
        float,
        setting(
            "shortest time between switching off and on again, s",
            "a relay's contacts bounce for some 10 ms; motors dislike being reversed",
            bounds=(0, 60),
        ),
    ] = 0.5
    hold_open_pin: Annotated[
        Pin | None,
        setting("pin of a button or obstacle sensor to ground that keeps an open gate open"),
    ] = None
    hold_open_level: Annotated[
        Literal["low", "high"],
        setting(
            "level that keeps it open: low for a contact that closes, high for one that opens, "
            "where a broken wire keeps the gate open too",
            "push buttons close",
        ),
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
        Pin | None, setting("pin of an LED: dim to bright with the score, blinks faults")
    ] = None
    rgb_pins: Annotated[
        tuple[Pin, Pin, Pin] | None,
        setting("red, green and blue pin of an RGB LED: blue to green with the score, red faults"),
    ] = None
    buzzer_pin: Annotated[
        Pin | None, setting("pin of a passive buzzer: a high tone at a firing, low ones at faults")
    ] = None
    active_high: ActiveHigh = True

    def __post_init__(self) -> None:
        if not self.pins():
            raise ConfigError("expected a led_pin, rgb_pins or a buzzer_pin, got none", "led_pin")


class SnapshotSettings(OutputSettings, frozen=True, tag="snapshot"):
    """[outputs.NAME] with kind = "snapshot": a JPEG of the frame that fired. Pictures of people
    are kept only where this is configured."""

    folder: Annotated[
        str, setting("where pictures go; a relative path starts at the configuration file")
    ]
    quality: Annotated[
        int, setting("JPEG quality", "no visible loss at half the size of 95", bounds=(10, 100))
    ] = 90
    max_mb: Annotated[
        float,
        setting(
            "the oldest pictures are deleted above this size of the folder, MB",
            "some thousand pictures",
            bounds=(1, 1_000_000),
        ),
    ] = 200.0
    max_age_days: Annotated[
        float,
        setting(
            "older pictures are deleted, days",
            "strangers' faces are not kept longer than a week unless you say so",
            bounds=(0.001, 3650),
        ),
    ] = 7.0
    min_free_mb: Annotated[
        float,
        setting(
            "no picture is saved with less than this free on the card, MB",
            "the system needs room for its logs and updates",
            bounds=(10, 1_000_000),
        ),
    ] = 500.0
    strip: Annotated[
        int,
        setting("frames before the firing to save beside it as one strip", "none", bounds=(0, 8)),
    ] = 0
    strip_s: Annotated[
        float,
        setting("time between the frames of the strip, s", "a smile's growth", bounds=(0.1, 5)),
    ] = 0.3


class CommandSettings(OutputSettings, frozen=True, tag="command"):
    """[outputs.NAME] with kind = "command": a program that is started at each firing, without a
    shell, the event as JSON on its standard input."""

    command: Annotated[
        tuple[Annotated[str, setting("", min_length=1)], ...],
        setting("program and arguments, as a list", min_length=1),
    ]
    timeout_s: Annotated[
        float,
        setting("it is killed after this time, s", "a web request's patience", bounds=(0.1, 3600)),
    ] = 10.0
    environment: Annotated[
        dict[str, str],
        setting("its environment besides PATH and LANG", "nothing of ours leaks into it"),
    ] = field(default_factory=dict)


AnyOutputSettings = (
    ShutterSettings | GateSettings | IndicatorSettings | SnapshotSettings | CommandSettings
)

OUTPUT_KINDS: Mapping[str, type[AnyOutputSettings]] = {
    "shutter": ShutterSettings,
    "gate": GateSettings,
    "indicator": IndicatorSettings,
    "snapshot": SnapshotSettings,
    "command": CommandSettings,
}
