from __future__ import annotations

import threading
import time
from typing import Any, Literal

import pytest
from gpiozero.pins.mock import MockPin

from edge.outputs.output import Firing
from edge.settings import GateSettings
from edge.values import Decision
from tests.conftest import lasted
from tests.edge.outputs.harness import (
    CALM,
    FIRE,
    ONCE,
    SMILES,
    TWICE,
    EventLog,
    Opened,
    end,
    fire_and_close,
    fire_until_active,
    fire_until_idle,
    lengths,
    levels,
    mock_pin,
)
from tests.waiting import holds, wait_until

Level = Literal["low", "high"]


def gate(**settings: Any) -> dict[str, GateSettings]:
    return {"gate": GateSettings(**{"pin": 22, "open_s": 0.1, "settle_s": 0, **settings})}


def drive(pin: MockPin, level: Level) -> None:
    pin.drive_low() if level == "low" else pin.drive_high()


def test_a_gate_stays_open_while_the_smile_lasts_and_closes_with_it(opened: Opened) -> None:
    outputs = opened(gate())
    pin = mock_pin(22)
    fire_until_active(outputs, pin)
    outputs.step(SMILES)
    assert holds(lambda: levels(pin) == [0, 1], 0.16)
    outputs.step(CALM)
    wait_until(lambda: not pin.state)
    assert lasted(lengths(pin)[0], 0.16)


@pytest.mark.parametrize(
    ("smiling", "pressed", "firing"),
    [
        (True, False, False),
        (False, True, False),
        (True, True, False),
        (False, False, True),
        (True, True, True),
    ],
)
def test_nothing_keeps_a_gate_open_past_its_limit(
    opened: Opened, smiling: bool, pressed: bool, firing: bool
) -> None:
    outputs = opened(gate(hold_open_pin=5, max_open_s=0.15))
    if pressed:
        mock_pin(5).drive_low()
    pin = mock_pin(22)
    outputs.step(Decision(12.5, fire=True, face=1, smiling=smiling))

    def closed() -> bool:
        if firing:
            outputs.step(Decision(12.6, fire=True, face=1, smiling=smiling))
        return levels(pin)[:3] == ONCE

    wait_until(closed)
    assert lasted(lengths(pin)[0], 0.15)


@pytest.mark.parametrize(("pressed", "released"), [("low", "high"), ("high", "low")])
def test_the_button_keeps_an_open_gate_open(
    opened: Opened, events: EventLog, pressed: Level, released: Level
) -> None:
    outputs = opened(gate(hold_open_pin=5, hold_open_level=pressed))
    pin, button = mock_pin(22), mock_pin(5)
    assert button.pull == "up"
    drive(button, pressed)
    outputs.step(FIRE)
    outputs.step(CALM)
    wait_until(lambda: bool(pin.state))
    assert holds(lambda: levels(pin) == [0, 1], 0.2)
    drive(button, released)
    wait_until(lambda: not pin.state)
    assert lasted(lengths(pin)[0], 0.2)
    wait_until(lambda: outputs.idle)
    assert events.names == ["released"]


def test_a_broken_wire_counts_as_pressed_where_the_contact_opens(opened: Opened) -> None:
    fire_and_close(opened(gate(hold_open_pin=5, hold_open_level="high", max_open_s=0.15)))
    assert lasted(lengths(mock_pin(22))[0], 0.15)


def test_only_a_firing_opens_a_closed_gate(opened: Opened) -> None:
    outputs = opened(gate(hold_open_pin=5))
    pin, button = mock_pin(22), mock_pin(5)
    button.drive_low()
    assert holds(lambda: levels(pin) == [0], 0.05)
    button.drive_high()
    fire_until_idle(outputs)
    outputs.step(SMILES)
    assert holds(lambda: levels(pin) == ONCE, 0.05)
    outputs.step(CALM)
    button.drive_low()
    assert holds(lambda: levels(pin) == ONCE, 0.05)


def test_a_button_that_cannot_be_read_closes_the_gate(opened: Opened, events: EventLog) -> None:
    outputs = opened(gate(hold_open_pin=5, settle_s=0.3))
    pin = mock_pin(22)
    mock_pin(5).broken = True
    fire_until_idle(outputs)
    mock_pin(5).broken = False
    assert levels(pin) == ONCE
    assert events.names == ["released", "fault"]
    assert events.reasons == ["outputs.gate: expected it to work, got: OSError('no such line')"]
    fire_and_close(outputs)
    assert levels(pin) == TWICE
    assert lasted(lengths(pin)[1], 0.3)  # the relay rests as after any closing
    assert events.names == ["released", "fault", "released", "fault_over"]


def test_a_gate_closes_though_no_decision_follows_the_firing(opened: Opened) -> None:
    outputs = opened(gate())
    outputs.opened[0].fire(Firing(12.5, 1, None, time.monotonic()))
    wait_until(lambda: levels(mock_pin(22)) == ONCE)
    assert lasted(lengths(mock_pin(22))[0], 0.1)


def test_a_firing_while_open_keeps_it_open_longer_and_is_told(
    opened: Opened, events: EventLog
) -> None:
    outputs = opened(gate(open_s=0.2))
    pin = mock_pin(22)
    outputs.step(FIRE)
    outputs.step(CALM)
    wait_until(lambda: bool(pin.state))
    assert holds(lambda: levels(pin) == [0, 1], 0.1)
    fired = outputs.step(Decision(12.7, fire=True, face=2))
    assert [event.name for event in fired] == ["fired"]
    assert fired[0].facts == {"output": "gate", "pin": 22, "face": 2}
    wait_until(lambda: outputs.idle)
    assert levels(pin) == ONCE
    assert lasted(lengths(pin)[0], 0.3)
    assert events.names == ["released"]


def test_a_relay_rests_between_closing_and_opening_again(opened: Opened) -> None:
    outputs = opened(gate(settle_s=0.15))
    fire_until_idle(outputs)
    assert len(fire_and_close(outputs)) == 1
    assert levels(mock_pin(22)) == TWICE
    for length, expected in zip(lengths(mock_pin(22)), (0.1, 0.15, 0.1), strict=True):
        assert lasted(length, expected)


# The first firing has nothing to wait for, however long a relay rests.
@pytest.mark.parametrize(("way", "settle_s"), [("safe", 0.3), ("stop", 60), ("close", 60)])
def test_a_relay_that_rests_stays_off_when_told_to_and_holds_up_nobody(
    opened: Opened, way: str, settle_s: float
) -> None:
    outputs = opened(gate(settle_s=settle_s))
    fire_until_idle(outputs)
    outputs.step(FIRE)
    assert holds(lambda: not outputs.idle, 0.02)  # it waits for the relay
    started = time.monotonic()
    end(outputs, way)
    assert time.monotonic() - started < 0.2
    assert holds(lambda: levels(mock_pin(22)) == ONCE, 0.35)


def test_a_gate_opens_again_after_it_was_made_safe_but_not_after_stop(
    opened: Opened, events: EventLog
) -> None:
    outputs = opened(gate(open_s=20, max_open_s=20, settle_s=0.15))
    pin = mock_pin(22)
    fire_until_active(outputs, pin)
    outputs.opened[0].safe()
    wait_until(lambda: outputs.idle)
    fire_until_active(outputs, pin)
    assert lasted(lengths(pin)[1], 0.15)
    outputs.stop()
    wait_until(lambda: outputs.idle)
    assert events.names == ["released"] * 2
    assert outputs.step(FIRE) == []
    assert holds(lambda: levels(pin) == TWICE, 0.2)


@pytest.mark.parametrize("made_safe", [False, True])
def test_a_gate_opens_again_though_its_release_is_still_being_told(
    opened: Opened, made_safe: bool
) -> None:
    told = threading.Event()
    outputs = opened(gate(), lambda _: print(told.wait(5.0)))
    pin = mock_pin(22)
    fire_until_active(outputs, pin)
    if made_safe:
        outputs.opened[0].safe()
    outputs.step(CALM)
    wait_until(lambda: levels(pin) == ONCE)
    assert len(outputs.step(FIRE)) == 1
    outputs.step(CALM)
    told.set()
    wait_until(lambda: outputs.idle)
    assert levels(pin) == TWICE


def test_firings_after_it_was_made_safe_open_it_once(opened: Opened) -> None:
    outputs = opened(gate(open_s=0.2, max_open_s=1))
    pin = mock_pin(22)
    fire_until_active(outputs, pin)
    outputs.opened[0].safe()
    outputs.step(FIRE)
    wait_until(lambda: levels(pin) == [0, 1, 0, 1])
    fire_until_idle(outputs)
    assert levels(pin) == TWICE
