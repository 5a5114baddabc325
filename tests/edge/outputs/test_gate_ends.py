"""A gate on its ways out, and its pins."""

from __future__ import annotations

import threading
import time

import pytest

from edge.settings import AnyOutputSettings, GateSettings, ShutterSettings
from tests.conftest import lasted
from tests.edge.outputs.harness import (
    CALM,
    FIRE,
    ONCE,
    TWICE,
    WAYS,
    EventLog,
    Opened,
    end,
    fire_until_active,
    lengths,
    levels,
    mock_pin,
    run_until_idle,
)
from tests.edge.outputs.test_gate import GATE, LONG, SMILES, press
from tests.waiting import holds, wait_until


def test_a_gate_closes_itself_when_no_frame_comes_and_the_listener_hangs(opened: Opened) -> None:
    forever, hangs = threading.Event(), threading.Event()

    def listen(_: object) -> None:
        hangs.set()
        forever.wait()

    settings: dict[str, AnyOutputSettings] = {
        "photo": ShutterSettings(pin=17, pulse_s=0.01),
        "gate": GateSettings(pin=22, open_s=0.1, max_open_s=0.15),
    }
    outputs = opened(settings, listen)
    pin = mock_pin(22)
    outputs.step(FIRE)
    assert hangs.wait(5.0)
    assert levels(pin) == [0, 1]
    wait_until(lambda: not pin.state)
    assert lasted(lengths(pin)[0], 0.15)
    forever.set()


def test_a_firing_while_the_listener_is_slow_opens_the_gate_again(opened: Opened) -> None:
    told = threading.Event()
    outputs = opened({"gate": GATE}, lambda _: print(told.wait(5.0)))
    pin = mock_pin(22)
    outputs.step(FIRE)
    outputs.step(CALM)
    wait_until(lambda: levels(pin) == ONCE)
    assert len(outputs.step(FIRE)) == 1
    outputs.step(CALM)
    told.set()
    run_until_idle(outputs)
    assert levels(pin) == TWICE


@pytest.mark.parametrize("way", WAYS)
def test_a_gate_closes_at_once_when_told_to(opened: Opened, events: EventLog, way: str) -> None:
    outputs = opened({"gate": LONG})
    pin = mock_pin(22)
    press(mock_pin(5))
    fire_until_active(outputs, pin)
    started = time.monotonic()
    end(outputs, way)
    assert not pin.state
    assert time.monotonic() - started < 0.2
    wait_until(lambda: events.names == ["released"])
    outputs.step(SMILES)
    assert holds(lambda: levels(pin) == ONCE, 0.05)


def test_a_gate_opens_again_after_it_was_made_safe_but_not_after_stop(
    opened: Opened, events: EventLog
) -> None:
    outputs = opened({"gate": LONG})
    pin = mock_pin(22)
    fire_until_active(outputs, pin)
    outputs.opened[0].safe()
    wait_until(lambda: outputs.idle)
    fire_until_active(outputs, pin)
    outputs.stop()
    wait_until(lambda: outputs.idle)
    assert events.names == ["released"] * 2
    assert outputs.step(FIRE) == []
    assert holds(lambda: levels(pin) == TWICE, 0.05)


def test_a_gate_made_safe_while_it_rests_stays_closed(opened: Opened) -> None:
    settings = GateSettings(pin=22, open_s=0.1, settle_s=0.1)
    outputs = opened({"gate": settings})
    outputs.step(FIRE)
    outputs.step(CALM)
    wait_until(lambda: outputs.idle)
    outputs.step(FIRE)
    outputs.opened[0].safe()
    assert holds(lambda: levels(mock_pin(22)) == ONCE, 0.15)


def test_stop_waits_for_no_relay_that_rests(opened: Opened) -> None:
    outputs = opened({"gate": GateSettings(pin=22, open_s=0.1, settle_s=60)})
    outputs.step(FIRE)
    outputs.step(CALM)
    wait_until(lambda: outputs.idle)
    outputs.step(FIRE)
    assert holds(lambda: not outputs.idle, 0.02)  # it waits for the relay
    started = time.monotonic()
    outputs.close()
    assert time.monotonic() - started < 0.2
    assert levels(mock_pin(22)) == ONCE


def test_the_pins_are_free_after_close(opened: Opened) -> None:
    outputs = opened({"gate": LONG})
    kept = list(outputs.opened)
    outputs.close()
    opened({"a": ShutterSettings(pin=22), "b": ShutterSettings(pin=5)}).close()
    assert len(kept) == 1


def test_firings_after_it_was_made_safe_open_it_once(opened: Opened) -> None:
    gate = GateSettings(pin=22, open_s=0.2, max_open_s=1, settle_s=0)
    outputs = opened({"gate": gate})
    pin = mock_pin(22)
    fire_until_active(outputs, pin)
    outputs.opened[0].safe()
    outputs.step(FIRE)
    wait_until(lambda: levels(pin) == [0, 1, 0, 1])
    outputs.step(FIRE)
    outputs.step(CALM)
    wait_until(lambda: outputs.idle)
    assert levels(pin) == TWICE


def test_it_settles_after_an_input_that_failed(opened: Opened, events: EventLog) -> None:
    gate = GateSettings(pin=22, hold_open_pin=5, open_s=0.1, settle_s=1)
    outputs = opened({"gate": gate})
    mock_pin(5).broken = True
    outputs.step(FIRE)
    outputs.step(CALM)
    wait_until(lambda: outputs.idle)
    mock_pin(5).broken = False
    assert levels(mock_pin(22)) == ONCE
    assert events.names == ["released", "fault"]
    outputs.step(FIRE)
    assert holds(lambda: levels(mock_pin(22)) == ONCE, 0.3)


def test_it_is_idle_after_stop(opened: Opened) -> None:
    outputs = opened({"gate": GateSettings(pin=22)})
    fire_until_active(outputs, mock_pin(22))
    outputs.stop()
    wait_until(lambda: outputs.idle)
