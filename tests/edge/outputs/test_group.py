"""What all outputs have in common: none delays or harms another."""

from __future__ import annotations

import threading
import time

import pytest
from gpiozero import DigitalOutputDevice
from gpiozero.pins.mock import MockFactory

from edge.errors import OutputError
from edge.outputs.group import Outputs
from edge.settings import CommandSettings, GateSettings, ShutterSettings
from edge.values import Decision, Event
from tests.edge.outputs.acting import CALM, FIRE, Heard, run_until_idle, wait_until

TWO = {name: ShutterSettings(pin=pin, pulse_s=10) for name, pin in (("a", 5), ("b", 6))}


def test_all_outputs_fire_and_close(pins: MockFactory) -> None:
    heard = Heard()
    settings = {name: ShutterSettings(pin=pin, pulse_s=0.02) for name, pin in (("a", 5), ("b", 6))}
    outputs = Outputs(settings, heard)
    outputs.step(FIRE)
    run_until_idle(outputs)
    outputs.close()
    for pin in (5, 6):
        pins.pin(pin).assert_states([False, True, False])
    assert sorted(str(event.facts["output"]) for event in heard) == ["a", "b"]


def test_a_listener_that_fails_leaves_the_pin_safe_and_the_next_firing_works(
    pins: MockFactory,
) -> None:
    told = []

    def listen(event: Event) -> None:
        told.append(event.name)
        if event.name == "released":
            raise ValueError("broken listener")

    outputs = Outputs({"photo": ShutterSettings(pin=17, pulse_s=0.01)}, listen)
    outputs.step(FIRE)
    outputs.step(FIRE)
    run_until_idle(outputs)
    pins.pin(17).assert_states([False, True, False, True, False])
    assert told[:2] == ["released", "fault"]


def test_a_listener_that_hangs_holds_neither_pin_nor_end(pins: MockFactory) -> None:
    forever = threading.Event()
    settings = {"photo": ShutterSettings(pin=17, pulse_s=0.01)}
    outputs = Outputs(settings, lambda _: print(forever.wait()))
    outputs.step(FIRE)
    wait_until(lambda: len(pins.pin(17).states) == 3)
    started = time.monotonic()
    outputs.stop()
    assert time.monotonic() - started < 0.2
    pins.pin(17).assert_states([False, True, False])
    forever.set()
    outputs.close()


def test_one_output_that_fails_leaves_none_active(
    pins: MockFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = Outputs(TWO, Heard())
    outputs.step(FIRE)
    wait_until(lambda: bool(pins.pin(5).state and pins.pin(6).state))
    off = DigitalOutputDevice.off

    def fail(device: DigitalOutputDevice) -> None:
        if device.pin is pins.pin(5):
            raise OSError("no such line")
        off(device)

    with monkeypatch.context() as patched:
        patched.setattr(DigitalOutputDevice, "off", fail)
        with pytest.raises(OutputError, match=r"outputs\.a: expected it to go to its safe level"):
            outputs.stop()
    assert not pins.pin(6).state
    outputs.close()
    assert not pins.pin(5).state


def test_a_pin_that_cannot_be_driven_is_a_fault_until_it_can(
    pins: MockFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard()
    outputs = Outputs(
        {name: ShutterSettings(pin=pin, pulse_s=0.02) for name, pin in (("a", 5), ("b", 6))}, heard
    )

    def fail(state: bool) -> None:
        raise OSError(f"no such line for {state}")

    with monkeypatch.context() as patched:
        patched.setattr(pins.pin(5), "_set_state", fail)
        outputs.step(FIRE)
        wait_until(lambda: outputs.idle)
    assert len(heard.reasons) == 1
    assert heard.reasons[0].startswith("outputs.a: expected it to work, got: OSError('no such line")
    assert "a" not in [event.facts["output"] for event in heard if event.name == "released"]
    pins.pin(6).assert_states([False, True, False])
    outputs.step(FIRE)
    run_until_idle(outputs)
    assert "fault_over" in heard.names
    assert not outputs.faults


def test_a_slow_output_delays_no_other(pins: MockFactory) -> None:
    outputs = Outputs(
        {
            "slow": CommandSettings(command=("sleep", "5")),
            "fast": ShutterSettings(pin=17, pulse_s=0.01),
        },
        Heard(),
    )
    started = time.monotonic()
    outputs.step(FIRE)
    wait_until(lambda: len(pins.pin(17).states) == 3)
    assert time.monotonic() - started < 1.0
    outputs.close()
    assert time.monotonic() - started < 2.0


def test_a_pipeline_that_stalls_makes_all_safe_until_it_goes_on(pins: MockFactory) -> None:
    heard = Heard()
    gate = GateSettings(pin=17, open_s=60, max_open_s=60, settle_s=0)
    outputs = Outputs({"gate": gate}, heard)
    outputs.watch(0.2)
    time.sleep(0.4)  # no frame yet: that is no stall
    outputs.step(FIRE)
    wait_until(lambda: bool(pins.pin(17).state))
    stalled_at = time.monotonic()
    wait_until(lambda: not pins.pin(17).state)
    assert time.monotonic() - stalled_at < 0.4
    wait_until(lambda: "fault" in heard.names)
    assert heard.reasons == ["no frame was judged for 0.2 s"]
    outputs.step(CALM)
    assert heard.names[-1] == "fault_over"
    outputs.step(FIRE)
    wait_until(lambda: bool(pins.pin(17).state))
    outputs.close()
    pins.pin(17).assert_states([False, True, False, True, False])


def test_a_gate_made_safe_opens_again_though_its_release_is_still_being_told(
    pins: MockFactory,
) -> None:
    told = threading.Event()
    gate = GateSettings(pin=17, open_s=60, max_open_s=60, settle_s=0)
    outputs = Outputs({"gate": gate}, lambda _: print(told.wait(5)))
    outputs.step(FIRE)
    wait_until(lambda: bool(pins.pin(17).state))
    outputs.opened[0].safe()
    outputs.step(FIRE)
    told.set()
    wait_until(lambda: bool(pins.pin(17).state))
    outputs.close()
    pins.pin(17).assert_states([False, True, False, True, False])


def test_too_many_firings_are_a_fault_that_makes_all_safe(pins: MockFactory) -> None:
    heard = Heard()
    outputs = Outputs({"gate": GateSettings(pin=17, open_s=60, max_open_s=60)}, heard)
    outputs.step(FIRE)
    wait_until(lambda: bool(pins.pin(17).state))
    outputs.step(Decision(13.0, too_many=True))
    assert not pins.pin(17).state
    outputs.step(Decision(13.1, too_many=True))
    outputs.step(Decision(14.0))
    outputs.close()
    assert [name for name in heard.names if name != "released"] == ["fault", "fault_over"]
    assert heard.reasons == ["too many firings in a minute (trigger.max_per_minute)"]


def test_an_output_that_could_not_be_made_safe_is_a_fault_until_it_works(
    pins: MockFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard()
    outputs = Outputs({"photo": ShutterSettings(pin=17, pulse_s=0.02)}, heard)

    def fail(state: bool) -> None:
        raise OSError(f"no such line for {state}")

    with monkeypatch.context() as patched:
        patched.setattr(pins.pin(17), "_set_state", fail)
        outputs.step(Decision(1.0, too_many=True))
    assert len(outputs.faults) == 2
    outputs.step(Decision(62.0))
    outputs.step(FIRE)
    run_until_idle(outputs)
    assert outputs.faults == []


def test_nothing_acts_after_stop(pins: MockFactory) -> None:
    outputs = Outputs(TWO, Heard())
    outputs.stop()
    assert outputs.step(FIRE) == []
    time.sleep(0.02)
    pins.pin(5).assert_states([False])
    outputs.close()


def test_a_lost_camera_makes_all_safe_and_is_a_fault_until_it_is_back(pins: MockFactory) -> None:
    heard = Heard()
    outputs = Outputs({"gate": GateSettings(pin=17, open_s=60, max_open_s=60)}, heard)
    outputs.watch(0.1)
    outputs.step(FIRE)
    wait_until(lambda: bool(pins.pin(17).state))
    before = time.monotonic()
    outputs.camera_lost("it was pulled out")
    assert not pins.pin(17).state
    assert outputs.faults == ["it was pulled out"]
    time.sleep(0.3)  # longer than what is a stall when there is a camera
    outputs.camera_back()
    assert outputs.faults == []
    outputs.close()
    told = [event for event in heard if event.name.startswith("fault")]
    assert [(event.name, event.facts["fault"]) for event in told] == [
        ("fault", "camera"),
        ("fault_over", "camera"),
    ]
    assert before <= told[0].time <= told[1].time <= time.monotonic()


def test_outputs_fire_again_when_the_camera_is_back(pins: MockFactory) -> None:
    outputs = Outputs({"photo": ShutterSettings(pin=17, pulse_s=0.02)}, Heard())
    outputs.camera_lost("it was pulled out")
    outputs.camera_back()
    outputs.step(FIRE)
    run_until_idle(outputs)
    pins.pin(17).assert_states([False, True, False])
