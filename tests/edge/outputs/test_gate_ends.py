"""A gate on its ways out, and its pins."""

from __future__ import annotations

import threading
import time

import pytest
from gpiozero.pins.mock import MockFactory

from edge.errors import OutputError
from edge.outputs.group import Outputs
from edge.settings import AnyOutputSettings, GateSettings, ShutterSettings
from tests.conftest import lasted
from tests.edge.outputs.acting import (
    CALM,
    FIRE,
    Heard,
    lengths,
    levels,
    run_until_idle,
    wait_until,
)
from tests.edge.outputs.test_gate import GATE, LONG, ONCE, SMILES, press


def test_a_gate_closes_itself_when_no_frame_comes_and_the_listener_hangs(pins: MockFactory) -> None:
    forever, hangs = threading.Event(), threading.Event()

    def listen(_: object) -> None:
        hangs.set()
        forever.wait()

    settings: dict[str, AnyOutputSettings] = {
        "photo": ShutterSettings(pin=17, pulse_s=0.01),
        "gate": GateSettings(pin=22, open_s=0.1, max_open_s=0.15),
    }
    outputs = Outputs(settings, listen)
    pin = pins.pin(22)
    outputs.step(FIRE)
    assert hangs.wait(5.0)
    assert levels(pin) == [0, 1]
    wait_until(lambda: not pin.state)
    assert lasted(lengths(pin)[0], 0.15)
    forever.set()
    outputs.close()


def test_a_firing_while_the_listener_is_slow_opens_the_gate_again(pins: MockFactory) -> None:
    told = threading.Event()
    outputs = Outputs({"gate": GATE}, lambda _: print(told.wait(5.0)))
    pin = pins.pin(22)
    outputs.step(FIRE)
    outputs.step(CALM)
    wait_until(lambda: levels(pin) == ONCE)
    assert len(outputs.step(FIRE)) == 1
    outputs.step(CALM)
    told.set()
    run_until_idle(outputs)
    assert levels(pin) == [0, 1, 0, 1, 0]


@pytest.mark.parametrize("way", ["safe", "stop", "close"])
def test_a_gate_closes_at_once_when_told_to(pins: MockFactory, way: str) -> None:
    heard = Heard()
    outputs = Outputs({"gate": LONG}, heard)
    pin = pins.pin(22)
    press(pins.pin(5))
    outputs.step(FIRE)
    wait_until(lambda: bool(pin.state))
    act = {"safe": outputs.opened[0].safe, "stop": outputs.stop, "close": outputs.close}[way]
    started = time.monotonic()
    act()
    assert not pin.state
    assert time.monotonic() - started < 0.2
    wait_until(lambda: heard.names == ["released"])
    outputs.step(SMILES)
    time.sleep(0.05)
    assert levels(pin) == ONCE
    outputs.close()


def test_a_gate_opens_again_after_it_was_made_safe_but_not_after_stop(pins: MockFactory) -> None:
    heard = Heard()
    outputs = Outputs({"gate": LONG}, heard)
    pin = pins.pin(22)
    outputs.step(FIRE)
    wait_until(lambda: bool(pin.state))
    outputs.opened[0].safe()
    wait_until(lambda: outputs.idle)
    outputs.step(FIRE)
    wait_until(lambda: bool(pin.state))
    outputs.stop()
    wait_until(lambda: outputs.idle)
    assert heard.names == ["released"] * 2
    assert outputs.step(FIRE) == []
    time.sleep(0.05)
    assert levels(pin) == [0, 1, 0, 1, 0]
    outputs.close()


def test_a_gate_made_safe_while_it_rests_stays_closed(pins: MockFactory) -> None:
    settings = GateSettings(pin=22, open_s=0.1, settle_s=0.1)
    outputs = Outputs({"gate": settings}, Heard())
    outputs.step(FIRE)
    outputs.step(CALM)
    wait_until(lambda: outputs.idle)
    outputs.step(FIRE)
    outputs.opened[0].safe()
    time.sleep(0.15)
    assert levels(pins.pin(22)) == ONCE
    outputs.close()


def test_stop_waits_for_no_relay_that_rests(pins: MockFactory) -> None:
    outputs = Outputs({"gate": GateSettings(pin=22, open_s=0.1, settle_s=60)}, Heard())
    outputs.step(FIRE)
    outputs.step(CALM)
    wait_until(lambda: outputs.idle)
    outputs.step(FIRE)
    time.sleep(0.02)
    started = time.monotonic()
    outputs.close()
    assert time.monotonic() - started < 0.2
    assert levels(pins.pin(22)) == ONCE


def test_the_pins_are_free_after_close() -> None:
    outputs = Outputs({"gate": LONG}, Heard())
    kept = list(outputs.opened)
    outputs.close()
    Outputs({"a": ShutterSettings(pin=22), "b": ShutterSettings(pin=5)}, Heard()).close()
    assert len(kept) == 1


def test_a_button_pin_in_use_is_named_and_the_relay_is_freed() -> None:
    taken = Outputs({"mine": ShutterSettings(pin=5)}, Heard())
    with pytest.raises(OutputError, match=r"outputs\.gate: expected GPIO 5 to be usable") as caught:
        Outputs({"gate": LONG}, Heard())
    assert (caught.value.output, caught.value.pin) == ("gate", 5)
    Outputs({"again": ShutterSettings(pin=22)}, Heard()).close()
    taken.close()


def test_firings_after_it_was_made_safe_open_it_once(pins: MockFactory) -> None:
    gate = GateSettings(pin=22, open_s=0.2, max_open_s=1, settle_s=0)
    outputs = Outputs({"gate": gate}, Heard())
    pin = pins.pin(22)
    outputs.step(FIRE)
    wait_until(lambda: bool(pin.state))
    outputs.opened[0].safe()
    outputs.step(FIRE)
    wait_until(lambda: levels(pin) == [0, 1, 0, 1])
    outputs.step(FIRE)
    outputs.step(CALM)
    time.sleep(0.6)
    assert levels(pin) == [0, 1, 0, 1, 0]
    outputs.close()


def test_it_settles_after_an_input_that_failed(
    pins: MockFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard()
    gate = GateSettings(pin=22, hold_open_pin=5, open_s=0.1, settle_s=1)
    outputs = Outputs({"gate": gate}, heard)

    def fail() -> bool:
        raise OSError("no such line")

    with monkeypatch.context() as patched:
        patched.setattr(pins.pin(5), "_get_state", fail)
        outputs.step(FIRE)
        outputs.step(CALM)
        wait_until(lambda: outputs.idle)
    assert levels(pins.pin(22)) == [0, 1, 0]
    assert heard.names == ["released", "fault"]
    outputs.step(FIRE)
    time.sleep(0.3)
    assert levels(pins.pin(22)) == [0, 1, 0]
    outputs.close()


def test_it_is_idle_after_stop(pins: MockFactory) -> None:
    outputs = Outputs({"gate": GateSettings(pin=22)}, Heard())
    outputs.step(FIRE)
    wait_until(lambda: bool(pins.pin(22).state))
    outputs.stop()
    wait_until(lambda: outputs.idle)
    outputs.close()
