"""What all outputs have in common: none delays or harms another."""

from __future__ import annotations

import threading
import time

import pytest

from edge.errors import OutputError
from edge.settings import CommandSettings, GateSettings, ShutterSettings
from edge.values import Decision, Event
from tests.edge.outputs.harness import (
    CALM,
    FIRE,
    EventLog,
    Opened,
    fire_until_active,
    levels,
    mock_pin,
    run_until_idle,
)
from tests.waiting import holds, wait_until

TWO = {name: ShutterSettings(pin=pin, pulse_s=10) for name, pin in (("a", 5), ("b", 6))}
SHORT = {name: ShutterSettings(pin=pin, pulse_s=0.02) for name, pin in (("a", 5), ("b", 6))}


def test_all_outputs_fire_and_close(opened: Opened, events: EventLog) -> None:
    outputs = opened(SHORT)
    outputs.step(FIRE)
    run_until_idle(outputs)
    outputs.close()
    for pin in (5, 6):
        mock_pin(pin).assert_states([False, True, False])
    assert sorted(str(event.facts["output"]) for event in events) == ["a", "b"]


def test_a_listener_that_fails_leaves_the_pin_safe_and_the_next_firing_works(
    opened: Opened,
) -> None:
    told = []

    def listen(event: Event) -> None:
        told.append(event.name)
        if event.name == "released":
            raise ValueError("broken listener")

    outputs = opened({"photo": ShutterSettings(pin=17, pulse_s=0.01)}, listen)
    outputs.step(FIRE)
    outputs.step(FIRE)
    run_until_idle(outputs)
    mock_pin(17).assert_states([False, True, False, True, False])
    assert told[:2] == ["released", "fault"]


def test_a_listener_that_hangs_holds_neither_pin_nor_end(opened: Opened) -> None:
    forever = threading.Event()
    settings = {"photo": ShutterSettings(pin=17, pulse_s=0.01)}
    outputs = opened(settings, lambda _: print(forever.wait()))
    outputs.step(FIRE)
    wait_until(lambda: len(mock_pin(17).states) == 3)
    started = time.monotonic()
    outputs.stop()
    assert time.monotonic() - started < 0.2
    mock_pin(17).assert_states([False, True, False])
    forever.set()


def test_one_output_that_fails_leaves_none_active(opened: Opened) -> None:
    outputs = opened(TWO)
    outputs.step(FIRE)
    wait_until(lambda: bool(mock_pin(5).state and mock_pin(6).state))
    mock_pin(5).broken = True
    with pytest.raises(OutputError, match=r"outputs\.a: expected it to go to its safe level"):
        outputs.stop()
    mock_pin(5).broken = False
    assert not mock_pin(6).state
    outputs.close()
    assert not mock_pin(5).state


def test_a_pin_that_cannot_be_driven_is_a_fault_until_it_can(
    opened: Opened, events: EventLog
) -> None:
    outputs = opened(SHORT)
    mock_pin(5).broken = True
    outputs.step(FIRE)
    wait_until(lambda: outputs.idle)
    mock_pin(5).broken = False
    assert len(events.reasons) == 1
    assert events.reasons[0].startswith(
        "outputs.a: expected it to work, got: OSError('no such line"
    )
    assert "a" not in [event.facts["output"] for event in events if event.name == "released"]
    mock_pin(6).assert_states([False, True, False])
    outputs.step(FIRE)
    run_until_idle(outputs)
    assert "fault_over" in events.names
    assert not outputs.faults


def test_a_slow_output_delays_no_other(opened: Opened) -> None:
    outputs = opened(
        {
            "slow": CommandSettings(command=("sleep", "5")),
            "fast": ShutterSettings(pin=17, pulse_s=0.01),
        }
    )
    started = time.monotonic()
    outputs.step(FIRE)
    wait_until(lambda: len(mock_pin(17).states) == 3)
    assert time.monotonic() - started < 1.0
    outputs.close()
    assert time.monotonic() - started < 2.0


def test_a_pipeline_that_stalls_makes_all_safe_until_it_goes_on(
    opened: Opened, events: EventLog
) -> None:
    gate = GateSettings(pin=17, open_s=60, max_open_s=60, settle_s=0)
    outputs = opened({"gate": gate})
    outputs.watch(0.2)
    fire_until_active(outputs, mock_pin(17))
    stalled_at = time.monotonic()
    wait_until(lambda: not mock_pin(17).state)
    assert time.monotonic() - stalled_at < 0.4
    wait_until(lambda: "fault" in events.names)
    assert events.reasons == ["no frame was judged for 0.2 s"]
    outputs.step(CALM)
    assert events.names[-1] == "fault_over"
    fire_until_active(outputs, mock_pin(17))
    outputs.close()
    mock_pin(17).assert_states([False, True, False, True, False])


def test_a_gate_made_safe_opens_again_though_its_release_is_still_being_told(
    opened: Opened,
) -> None:
    told = threading.Event()
    gate = GateSettings(pin=17, open_s=60, max_open_s=60, settle_s=0)
    outputs = opened({"gate": gate}, lambda _: print(told.wait(5)))
    fire_until_active(outputs, mock_pin(17))
    outputs.opened[0].safe()
    outputs.step(FIRE)
    told.set()
    wait_until(lambda: bool(mock_pin(17).state))
    outputs.close()
    mock_pin(17).assert_states([False, True, False, True, False])


def test_too_many_firings_are_a_fault_that_makes_all_safe(opened: Opened, events: EventLog) -> None:
    outputs = opened({"gate": GateSettings(pin=17, open_s=60, max_open_s=60)})
    fire_until_active(outputs, mock_pin(17))
    outputs.step(Decision(13.0, too_many=True))
    assert not mock_pin(17).state
    outputs.step(Decision(13.1, too_many=True))
    outputs.step(Decision(14.0))
    outputs.close()
    assert [name for name in events.names if name != "released"] == ["fault", "fault_over"]
    assert events.reasons == ["too many firings in a minute (trigger.max_per_minute)"]


def test_an_output_that_could_not_be_made_safe_is_a_fault_until_it_works(opened: Opened) -> None:
    outputs = opened({"photo": ShutterSettings(pin=17, pulse_s=0.02)})
    mock_pin(17).broken = True
    outputs.step(Decision(1.0, too_many=True))
    mock_pin(17).broken = False
    assert len(outputs.faults) == 2
    outputs.step(Decision(62.0))
    outputs.step(FIRE)
    run_until_idle(outputs)
    assert outputs.faults == []


def test_nothing_acts_after_stop(opened: Opened) -> None:
    outputs = opened(TWO)
    outputs.stop()
    assert outputs.step(FIRE) == []
    assert holds(lambda: levels(mock_pin(5)) == [0], 0.02)


def test_a_lost_camera_makes_all_safe_and_is_a_fault_until_it_is_back(
    opened: Opened, events: EventLog
) -> None:
    outputs = opened({"gate": GateSettings(pin=17, open_s=60, max_open_s=60)})
    outputs.watch(0.1)
    fire_until_active(outputs, mock_pin(17))
    before = time.monotonic()
    outputs.camera_lost("it was pulled out")
    assert not mock_pin(17).state
    # Longer than a stall when there is a camera.
    assert holds(lambda: outputs.faults == ["it was pulled out"], 0.3)
    outputs.camera_back()
    assert outputs.faults == []
    outputs.close()
    told = [event for event in events if event.name.startswith("fault")]
    assert [(event.name, event.facts["fault"]) for event in told] == [
        ("fault", "camera"),
        ("fault_over", "camera"),
    ]
    assert before <= told[0].time <= told[1].time <= time.monotonic()


def test_outputs_fire_again_when_the_camera_is_back(opened: Opened) -> None:
    outputs = opened({"photo": ShutterSettings(pin=17, pulse_s=0.02)})
    outputs.camera_lost("it was pulled out")
    outputs.camera_back()
    outputs.step(FIRE)
    run_until_idle(outputs)
    mock_pin(17).assert_states([False, True, False])
