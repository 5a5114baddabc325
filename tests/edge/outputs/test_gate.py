from __future__ import annotations

from typing import Literal

import pytest
from gpiozero.pins.mock import MockPin

from edge.settings import GateSettings
from edge.values import Decision
from tests.conftest import lasted
from tests.edge.outputs.harness import (
    CALM,
    FIRE,
    ONCE,
    TWICE,
    EventLog,
    Opened,
    fire_until_active,
    lengths,
    levels,
    mock_pin,
    run_until_idle,
)
from tests.waiting import holds, wait_until

GATE = GateSettings(pin=22, open_s=0.1, max_open_s=5, settle_s=0)
LONG = GateSettings(pin=22, hold_open_pin=5, open_s=60, max_open_s=60, settle_s=0)
SMILES = Decision(12.6, smiling=True, score=0.9)


def button_gate(
    level: Literal["low", "high"] = "low", open_s: float = 0.1, max_open_s: float = 5.0
) -> GateSettings:
    return GateSettings(
        pin=22,
        hold_open_pin=5,
        hold_open_level=level,
        open_s=open_s,
        max_open_s=max_open_s,
        settle_s=0,
    )


def press(button: MockPin, level: Literal["low", "high"] = "low") -> None:
    button.drive_low() if level == "low" else button.drive_high()


def release(button: MockPin, level: Literal["low", "high"] = "low") -> None:
    press(button, "high" if level == "low" else "low")


def test_a_gate_is_open_for_its_time(opened: Opened, events: EventLog) -> None:
    outputs = opened({"gate": GATE})
    pin = mock_pin(22)
    assert pin.function == "output"
    fired = outputs.step(FIRE)
    assert [event.facts for event in fired] == [{"output": "gate", "pin": 22, "face": 1}]
    run_until_idle(outputs)
    assert levels(pin) == ONCE
    assert lasted(lengths(pin)[0], 0.1)
    assert events.names == ["released"]
    assert {"output": "gate", "pin": 22}.items() <= events[0].facts.items()
    assert lasted(float(events[0].facts["length_s"]), 0.1)
    assert lasted(events[0].time, FIRE.time + 0.1)


def test_a_gate_that_is_active_low_is_closed_when_high(opened: Opened) -> None:
    settings = GateSettings(pin=4, open_s=0.1, max_open_s=1, active_high=False)
    outputs = opened({"gate": settings})
    pin = mock_pin(4)
    assert levels(pin) == [0, 1]
    outputs.step(FIRE)
    run_until_idle(outputs)
    assert levels(pin)[1:] == [1, 0, 1]


def test_a_gate_stays_open_while_the_smile_lasts_and_closes_with_it(opened: Opened) -> None:
    outputs = opened({"gate": GATE})
    pin = mock_pin(22)
    fire_until_active(outputs, pin)
    outputs.step(SMILES)
    assert holds(lambda: levels(pin) == [0, 1], 0.16)
    outputs.step(CALM)
    wait_until(lambda: not pin.state)
    assert lasted(lengths(pin)[0], 0.16)


def test_a_smile_that_returns_does_not_open_a_closed_gate(opened: Opened) -> None:
    outputs = opened({"gate": GATE})
    outputs.step(FIRE)
    outputs.step(CALM)
    wait_until(lambda: outputs.idle)
    outputs.step(SMILES)
    assert holds(lambda: levels(mock_pin(22)) == ONCE, 0.05)


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
    outputs = opened({"gate": button_gate(max_open_s=0.15)})
    if pressed:
        press(mock_pin(5))
    pin = mock_pin(22)
    outputs.step(Decision(12.5, fire=True, face=1, smiling=smiling))

    def closed() -> bool:
        if firing:
            outputs.step(Decision(12.6, fire=True, face=1, smiling=smiling))
        return levels(pin)[:3] == ONCE

    wait_until(closed)
    assert lasted(lengths(pin)[0], 0.15)


@pytest.mark.parametrize("level", ["low", "high"])
def test_the_button_keeps_an_open_gate_open(
    opened: Opened, events: EventLog, level: Literal["low", "high"]
) -> None:
    outputs = opened({"gate": button_gate(level)})
    pin, button = mock_pin(22), mock_pin(5)
    assert button.pull == "up"
    press(button, level)
    outputs.step(FIRE)
    outputs.step(CALM)
    wait_until(lambda: bool(pin.state))
    assert holds(lambda: levels(pin) == [0, 1], 0.2)
    release(button, level)
    wait_until(lambda: not pin.state)
    assert lasted(lengths(pin)[0], 0.2)
    run_until_idle(outputs)
    assert events.names == ["released"]


@pytest.mark.parametrize("level", ["low", "high"])
def test_a_button_at_rest_keeps_nothing_open(opened: Opened, level: Literal["low", "high"]) -> None:
    outputs = opened({"gate": button_gate(level)})
    release(mock_pin(5), level)
    outputs.step(FIRE)
    run_until_idle(outputs)
    assert levels(mock_pin(22)) == ONCE
    assert lasted(lengths(mock_pin(22))[0], 0.1)


def test_a_broken_wire_counts_as_pressed_where_the_contact_opens(opened: Opened) -> None:
    outputs = opened({"gate": button_gate("high", max_open_s=0.15)})
    outputs.step(FIRE)
    run_until_idle(outputs)
    assert lasted(lengths(mock_pin(22))[0], 0.15)


def test_the_button_opens_no_closed_gate(opened: Opened) -> None:
    outputs = opened({"gate": button_gate()})
    pin, button = mock_pin(22), mock_pin(5)
    press(button)
    assert holds(lambda: levels(pin) == [0], 0.05)
    release(button)
    outputs.step(FIRE)
    outputs.step(CALM)
    wait_until(lambda: outputs.idle)
    press(button)
    assert holds(lambda: levels(pin) == ONCE, 0.05)


def test_a_button_that_cannot_be_read_closes_the_gate(opened: Opened, events: EventLog) -> None:
    settings = GateSettings(pin=22, hold_open_pin=5, open_s=0.1, max_open_s=60, settle_s=0)
    outputs = opened({"gate": settings})
    pin = mock_pin(22)
    mock_pin(5).broken = True
    outputs.step(FIRE)
    outputs.step(CALM)
    wait_until(lambda: levels(pin) == ONCE)
    wait_until(lambda: outputs.idle)
    mock_pin(5).broken = False
    assert events.names == ["released", "fault"]
    assert events.reasons == ["outputs.gate: expected it to work, got: OSError('no such line')"]
    outputs.step(FIRE)
    run_until_idle(outputs)
    assert events.names == ["released", "fault", "released", "fault_over"]


def test_a_firing_while_open_keeps_it_open_longer_and_is_told(
    opened: Opened, events: EventLog
) -> None:
    outputs = opened({"gate": GateSettings(pin=22, open_s=0.2, settle_s=0)})
    pin = mock_pin(22)
    outputs.step(FIRE)
    outputs.step(CALM)
    wait_until(lambda: bool(pin.state))
    assert holds(lambda: levels(pin) == [0, 1], 0.1)
    fired = outputs.step(Decision(12.7, fire=True, face=2))
    assert [event.name for event in fired] == ["fired"]
    assert fired[0].facts == {"output": "gate", "pin": 22, "face": 2}
    run_until_idle(outputs)
    assert levels(pin) == ONCE
    assert lasted(lengths(pin)[0], 0.3)
    assert events.names == ["released"]


def test_a_relay_rests_between_closing_and_opening_again(opened: Opened) -> None:
    settings = GateSettings(pin=22, open_s=0.1, settle_s=0.15)
    outputs = opened({"gate": settings})
    pin = mock_pin(22)
    outputs.step(FIRE)
    outputs.step(CALM)
    wait_until(lambda: outputs.idle)
    assert len(outputs.step(FIRE)) == 1
    run_until_idle(outputs)
    assert levels(pin) == TWICE
    for length, expected in zip(lengths(pin), (0.1, 0.15, 0.1), strict=True):
        assert lasted(length, expected)


def test_a_relay_rests_after_it_was_made_safe_too(opened: Opened) -> None:
    settings = GateSettings(pin=22, open_s=20, max_open_s=20, settle_s=0.15)
    outputs = opened({"gate": settings})
    pin = mock_pin(22)
    fire_until_active(outputs, pin)
    outputs.opened[0].safe()
    wait_until(lambda: outputs.idle)
    fire_until_active(outputs, pin)
    assert lasted(lengths(pin)[1], 0.15)


def test_the_first_firing_opens_at_once(opened: Opened) -> None:
    outputs = opened({"gate": GateSettings(pin=22, settle_s=60)})
    fire_until_active(outputs, mock_pin(22))
