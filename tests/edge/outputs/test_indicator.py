from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin
from msgspec.structs import replace

from edge.outputs.faults import Faults, Listen
from edge.outputs.indicator import Indicator
from edge.outputs.open import open_output
from edge.outputs.output import Firing, Output
from edge.settings import AnyOutputSettings, CommandSettings, IndicatorSettings, ShutterSettings
from edge.values import Decision, Fault
from tests.conftest import lasted
from tests.edge.outputs.harness import (
    CALM,
    FIRE,
    WAYS,
    BreakablePin,
    EventLog,
    Opened,
    end,
    lengths,
    levels,
    mock_pin,
)
from tests.waiting import holds, wait_until

LED = IndicatorSettings(led_pin=16)
RGB = IndicatorSettings(rgb_pins=(13, 19, 26))
LIGHTS = IndicatorSettings(led_pin=16, rgb_pins=(13, 19, 26))
BUZZER = IndicatorSettings(buzzer_pin=12)
ALL = replace(LIGHTS, buzzer_pin=12)
BROKEN = CommandSettings(command=("/nonexistent/program",))

OFF, RED, BLUE, WHITE, YELLOW = (0, 0, 0), (1, 0, 0), (0, 0, 1), (1, 1, 1), (1, 1, 0)


class BreakableLight(BreakablePin, MockPWMPin):  # type: ignore[misc]
    pass


@pytest.fixture(autouse=True)
def dimmable(pins: MockFactory) -> None:
    pins.pin_class = BreakableLight


class QuickIndicator(Indicator):
    BLINK_S = 0.03
    PAUSE_S = 0.2
    RETRY_S = 0.1


def open_quick(name: str, settings: AnyOutputSettings, listen: Listen, faults: Faults) -> Output:
    kind = QuickIndicator if isinstance(settings, IndicatorSettings) else open_output
    return kind(name, settings, listen, faults)  # type: ignore[arg-type]


def colour() -> tuple[float, ...]:
    return tuple(mock_pin(number).state for number in RGB.rgb_pins or ())


def blinks(pin: MockPWMPin) -> list[int]:
    """The pulses between two pauses of a pin, for each whole cycle since its start."""
    counts = [0]
    for level, length in zip(levels(pin)[1:], lengths(pin), strict=False):
        if level == 1.0:
            counts[-1] += 1
        elif level == 0.0 and length >= 0.2:
            counts.append(0)
    return counts[:-1]


@pytest.mark.parametrize("active_high", [True, False])
def test_the_led_is_as_bright_as_the_score(opened: Opened, active_high: bool) -> None:
    outputs = opened({"lamp": IndicatorSettings(led_pin=16, active_high=active_high)})
    pin = mock_pin(16)
    for score in (0.25, 1.0, 0.0):
        outputs.step(Decision(1.0, score=score))
        level = score if active_high else 1 - score
        wait_until(lambda level=level: bool(pin.state == level))  # type: ignore[misc]


def test_the_rgb_led_goes_from_blue_to_green_with_the_score(opened: Opened) -> None:
    outputs = opened({"lamp": RGB})
    for score in (0.0, 0.25, 1.0):
        outputs.step(Decision(1.0, score=score))
        mixed = (0.0, score, 1 - score)
        wait_until(lambda mixed=mixed: colour() == mixed)  # type: ignore[misc]
    assert levels(mock_pin(13)) == [0]


def test_an_indicator_flashes_at_a_firing_which_is_not_told(
    opened: Opened, events: EventLog
) -> None:
    outputs = opened({"lamp": ALL})
    pin = mock_pin(16)
    assert holds(lambda: colour() == OFF, 0.05)
    outputs.step(CALM)
    wait_until(lambda: colour() == BLUE)
    assert outputs.idle
    assert outputs.step(FIRE) == []
    assert not outputs.idle
    wait_until(lambda: colour() == WHITE)
    wait_until(lambda: colour() == pytest.approx((0, 0.9, 0.1)))
    assert outputs.idle
    assert levels(pin) == [0, 1, 0.9]
    assert lasted(lengths(pin)[0], Indicator.FLASH_S - 0.08)  # it lasts from the firing on
    outputs.close()
    assert events == []


def test_only_frames_are_shown_when_nothing_happens(opened: Opened) -> None:
    outputs = opened({"lamp": RGB}, open_output=open_quick)
    lamp = outputs.opened[0]
    lamp.fire(Firing(12.5, 1, None, time.monotonic()))
    wait_until(lambda: colour() == WHITE)
    wait_until(lambda: colour() == OFF)
    lamp.show_fault("output")
    wait_until(lambda: colour() == RED)
    lamp.show_fault(None)
    wait_until(lambda: colour() == OFF)
    assert holds(lambda: colour() != BLUE, 0.5)
    outputs.step(CALM)
    wait_until(lambda: colour() == BLUE)


def test_a_light_that_fails_is_a_fault_until_it_works_again(
    opened: Opened, events: EventLog
) -> None:
    outputs = opened({"lamp": LED}, open_output=open_quick)
    pin = mock_pin(16)
    pin.broken = True
    outputs.step(Decision(1.0, score=0.5))
    wait_until(lambda: bool(outputs.faults))
    assert outputs.faults == ["outputs.lamp: expected it to work, got: OSError('no such line')"]
    pin.broken = False
    wait_until(lambda: pin.state == 0.5)
    wait_until(lambda: outputs.faults == [])
    assert events.names == ["fault", "fault_over"]


def test_a_light_that_fails_holds_up_no_end(opened: Opened) -> None:
    outputs = opened({"lamp": LED})
    mock_pin(16).broken = True
    outputs.step(Decision(1.0, score=0.5))
    wait_until(lambda: bool(outputs.faults))
    mock_pin(16).broken = False
    started = time.monotonic()
    outputs.close()
    assert time.monotonic() - started < 0.5


@pytest.mark.parametrize(("fault", "count"), [("camera", 1), ("rate", 2), ("output", 3)])
def test_a_fault_is_blinked_in_red(opened: Opened, fault: Fault, count: int) -> None:
    outputs = opened({"lamp": LIGHTS}, open_output=open_quick)
    outputs.step(Decision(1.0, score=0.5))
    wait_until(lambda: mock_pin(16).state == 0.5)
    red, green, blue = (mock_pin(number) for number in (13, 19, 26))
    for pin in (mock_pin(16), green, blue):
        pin.clear_states()
    outputs.opened[0].show_fault(fault)
    wait_until(lambda: len(blinks(red)) > 0)
    assert blinks(red)[0] == blinks(mock_pin(16))[0] == count
    for level, length in zip(levels(red)[1:], lengths(red), strict=False):
        assert lasted(length, 0.03), level
    assert levels(green) == levels(blue) == [0.5, 0]


def test_the_worst_fault_is_blinked_and_then_the_next(opened: Opened) -> None:
    outputs = opened({"lamp": LED, "web": BROKEN}, open_output=open_quick)
    pin = mock_pin(16)

    def counted() -> int:
        """Return the pulses of the first cycle that begins from now on."""
        pin.clear_states()
        wait_until(lambda: len(blinks(pin)) > 1)
        return blinks(pin)[1]

    outputs.step(Decision(1.0, fire=True))
    wait_until(lambda: len(outputs.faults) == 1)
    outputs.step(Decision(2.0, too_many=True))
    assert len(outputs.faults) == 2
    assert counted() == 2
    outputs.step(CALM)
    assert counted() == 3


def test_a_stalled_pipeline_is_blinked_until_it_goes_on(opened: Opened) -> None:
    outputs = opened({"lamp": LED}, open_output=open_quick)
    pin = mock_pin(16)
    outputs.watch(0.1)
    outputs.step(Decision(1.0, score=0.5))
    wait_until(lambda: len(blinks(pin)) > 0)
    assert blinks(pin)[0] == 1
    assert outputs.faults == ["no frame was judged for 0.1 s"]
    outputs.end()
    outputs.step(Decision(2.0, score=0.25))
    wait_until(lambda: pin.state == 0.25)


def test_a_high_tone_at_a_firing(opened: Opened) -> None:
    outputs = opened({"lamp": BUZZER})
    pin = mock_pin(12)
    assert outputs.step(FIRE) == []
    wait_until(lambda: bool(pin.state))
    assert pin.frequency == pytest.approx(880)
    wait_until(lambda: outputs.idle)
    assert levels(pin) == [0, 0.5, 0]
    assert lasted(lengths(pin)[0], 0.15)
    assert pin.frequency is None


def test_two_low_tones_at_a_fault(opened: Opened) -> None:
    outputs = opened({"lamp": BUZZER})
    pin = mock_pin(12)
    outputs.watch(0.1)
    outputs.step(CALM)
    wait_until(lambda: bool(pin.state))
    assert pin.frequency == pytest.approx(220)
    wait_until(lambda: len(pin.states) == 4)
    assert pin.frequency == pytest.approx(220)
    wait_until(lambda: len(pin.states) == 5)
    assert holds(lambda: levels(pin) == [0, 0.5, 0, 0.5, 0], 0.06)
    for length, expected in zip(lengths(pin), (0.15, 0.05, 0.15), strict=True):
        assert lasted(length, expected)


@pytest.mark.parametrize("way", WAYS)
def test_light_and_sound_end_at_once_when_told_to(opened: Opened, way: str) -> None:
    outputs = opened({"lamp": ALL})
    led, buzzer = mock_pin(16), mock_pin(12)
    outputs.step(Decision(1.0, score=0.5))
    wait_until(lambda: led.state == 0.5)
    outputs.step(FIRE)
    wait_until(lambda: bool(buzzer.state))
    outputs.step(FIRE)
    started = time.monotonic()
    end(outputs, way)
    assert (led.state, colour()) == (0, OFF)
    assert buzzer.frequency is None
    assert time.monotonic() - started < 0.2
    assert holds(lambda: levels(led)[-3:] == [0.5, 1, 0], 0.05)
    assert colour() == OFF
    assert levels(buzzer) == [0, 0.5, 0]


@pytest.mark.parametrize("active_high", [True, False])
def test_all_stays_dark_after_stop(opened: Opened, active_high: bool) -> None:
    outputs = opened({"lamp": replace(LIGHTS, active_high=active_high)})
    dark = 0 if active_high else 1
    outputs.opened[0].show_fault("camera")
    wait_until(lambda: mock_pin(16).state == 1 - dark)
    started = time.monotonic()
    outputs.stop()
    assert (mock_pin(16).state, colour()) == (dark, (dark,) * 3)
    assert time.monotonic() - started < 0.2
    lights = [mock_pin(number) for number in (16, 13, 19, 26)]
    for pin in lights:
        pin.clear_states()
    outputs.step(FIRE)
    outputs.opened[0].show_fault("rate")
    assert holds(lambda: [levels(pin) for pin in lights] == [[dark]] * 4, 0.06)


def test_a_worse_fault_sounds_and_a_lesser_one_after_it_does_not(opened: Opened) -> None:
    outputs = opened({"lamp": BUZZER})
    pin, lamp = mock_pin(12), outputs.opened[0]
    told: list[tuple[Fault | None, int]] = [
        ("output", 2),
        ("output", 2),
        ("stalled", 4),
        ("output", 4),
        (None, 4),
        ("rate", 6),
    ]
    for fault, tones in told:
        lamp.show_fault(fault)
        wait_until(lambda tones=tones: len(levels(pin)) == 1 + 2 * tones)  # type: ignore[misc]
        assert holds(lambda tones=tones: len(levels(pin)) == 1 + 2 * tones, 0.1)  # type: ignore[misc]


def test_a_worse_fault_sounds_at_once_while_another_blinks(opened: Opened) -> None:
    outputs = opened({"lamp": ALL})
    led, buzzer, lamp = mock_pin(16), mock_pin(12), outputs.opened[0]
    lamp.show_fault("output")
    wait_until(lambda: bool(led.state))
    assert levels(buzzer) == [0, 0.5, 0, 0.5, 0]
    lamp.show_fault("stalled")
    wait_until(lambda: bool(buzzer.state), 0.4)


def test_no_tone_is_lost_to_another(opened: Opened) -> None:
    outputs = opened({"lamp": BUZZER})
    outputs.step(FIRE)
    wait_until(lambda: bool(mock_pin(12).state))
    outputs.step(FIRE)
    outputs.opened[0].show_fault("output")
    wait_until(lambda: levels(mock_pin(12)) == [0] + [0.5, 0] * 4)


def test_too_many_firings_sound_though_all_is_made_safe(opened: Opened) -> None:
    outputs = opened({"lamp": BUZZER})
    outputs.step(Decision(1.0, too_many=True))
    wait_until(lambda: levels(mock_pin(12)) == [0, 0.5, 0, 0.5, 0])


def test_a_firing_is_shown_at_once_while_a_fault_blinks(opened: Opened) -> None:
    outputs = opened({"lamp": RGB})
    outputs.opened[0].show_fault("output")
    wait_until(lambda: colour() == RED)
    outputs.step(FIRE)
    wait_until(lambda: colour() == WHITE, 0.15)
    wait_until(lambda: colour() == RED)


DELAYED = ShutterSettings(pin=17, pulse_s=0.02, delay_s=2.5)


def test_a_countdown_blinks_and_beeps_faster_and_ends_with_a_flash_and_a_tone(
    opened: Opened,
) -> None:
    outputs = opened({"lamp": ALL, "photo": DELAYED})
    led, buzzer, shutter = mock_pin(16), mock_pin(12), mock_pin(17)
    outputs.step(FIRE)
    wait_until(lambda: colour() == WHITE)  # the smile is seen
    wait_until(lambda: colour() == YELLOW)
    wait_until(lambda: buzzer.frequency == pytest.approx(440))
    wait_until(lambda: colour() == OFF)
    wait_until(lambda: buzzer.frequency is None, 0.1)
    led.clear_states()
    buzzer.clear_states()
    wait_until(lambda: bool(shutter.state))
    wait_until(lambda: colour() == WHITE)
    halves = lengths(led)[1:-1]
    assert len(halves) > 10
    thirds = [median(halves[i * len(halves) // 3 :][: len(halves) // 3]) for i in range(3)]
    assert thirds == sorted(thirds, reverse=True)
    assert thirds[0] > 1.5 * thirds[2]
    assert levels(buzzer).count(0.5) > 5
    wait_until(lambda: outputs.idle)
    assert buzzer.frequency is None
    assert led.state == 0.9


@pytest.mark.parametrize("way", ["faces_left", *WAYS])
def test_a_countdown_that_is_cancelled_is_shown_no_more(opened: Opened, way: str) -> None:
    outputs = opened({"lamp": ALL, "photo": DELAYED})
    outputs.step(FIRE)
    wait_until(lambda: colour() == YELLOW)
    lamp = outputs.opened[0]
    mock_pin(26).clear_states()
    end(outputs, way)
    shown = FIRE.score if way == "faces_left" else 0
    wait_until(lambda: mock_pin(16).state == shown)
    assert holds(lambda: mock_pin(16).state == shown, 0.3)
    assert 1 not in levels(mock_pin(26))  # no flash
    assert mock_pin(12).frequency is None
    assert lamp.idle


@pytest.mark.parametrize(
    ("act", "shown"),
    [
        (lambda lamp: lamp.faces_left(), OFF),
        (lambda lamp: lamp.fire(Firing(12.5, 1, None, time.monotonic())), WHITE),
    ],
)
def test_a_slow_countdown_holds_up_nothing(
    opened: Opened, act: Callable[[Output], object], shown: tuple[int, ...]
) -> None:
    outputs = opened({"lamp": RGB})
    lamp = outputs.opened[0]
    lamp.show_countdown(time.monotonic() + 60)
    wait_until(lambda: colour() == YELLOW)
    act(lamp)
    wait_until(lambda: colour() == shown, 0.25)


def test_a_countdown_is_shown_though_a_fault_blinks(opened: Opened) -> None:
    outputs = opened({"lamp": RGB, "photo": DELAYED})
    outputs.opened[0].show_fault("output")
    wait_until(lambda: colour() == RED)
    outputs.step(FIRE)
    wait_until(lambda: colour() == YELLOW, 1.0)
    outputs.faces_left()
    wait_until(lambda: colour() == RED)
