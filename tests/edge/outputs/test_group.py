"""What all outputs have in common: none delays or harms another."""

from __future__ import annotations

import threading
import time

import pytest

from edge.errors import OutputError
from edge.settings import AnyOutputSettings, GateSettings, ShutterSettings
from edge.values import Decision, Event
from tests.conftest import lasted
from tests.edge.outputs.harness import (
    CALM,
    FIRE,
    ONCE,
    TWICE,
    EventLog,
    Opened,
    fire_and_close,
    fire_until_active,
    fire_until_idle,
    lengths,
    levels,
    mock_pin,
)
from tests.waiting import holds, wait_until

LONG = {"gate": GateSettings(pin=17, open_s=60, max_open_s=60, settle_s=0)}


def two_shutters(pulse_s: float) -> dict[str, ShutterSettings]:
    return {"a": ShutterSettings(5, pulse_s), "b": ShutterSettings(6, pulse_s)}


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
    fire_and_close(outputs)
    assert levels(mock_pin(17)) == TWICE
    assert told[:2] == ["released", "fault"]


def test_a_listener_that_hangs_holds_neither_a_pin_nor_the_end(opened: Opened) -> None:
    forever, hangs = threading.Event(), threading.Event()

    def listen(_: Event) -> None:
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
    wait_until(lambda: not pin.state)  # no frame came, but the gate has a limit of its own
    assert lasted(lengths(pin)[0], 0.15)
    assert levels(mock_pin(17)) == ONCE
    started = time.monotonic()
    outputs.stop()
    assert time.monotonic() - started < 0.2
    forever.set()


def test_one_output_that_fails_leaves_none_active(opened: Opened) -> None:
    outputs = opened(two_shutters(pulse_s=10))
    outputs.step(FIRE)
    wait_until(lambda: bool(mock_pin(5).state and mock_pin(6).state))
    mock_pin(5).broken = True
    expected = r"outputs\.a: expected it to go to its safe level"
    with pytest.raises(OutputError, match=expected) as caught:
        outputs.stop()
    assert (caught.value.output, caught.value.pin) == ("a", 5)
    mock_pin(5).broken = False
    assert not mock_pin(6).state
    outputs.close()
    assert not mock_pin(5).state


def test_a_pin_that_cannot_be_driven_is_a_fault_until_it_can(
    opened: Opened, events: EventLog
) -> None:
    outputs = opened(two_shutters(pulse_s=0.02))
    mock_pin(5).broken = True
    fire_until_idle(outputs)
    mock_pin(5).broken = False
    assert len(events.reasons) == 1
    assert events.reasons[0].startswith(
        "outputs.a: expected it to work, got: OSError('no such line"
    )
    assert "a" not in [event.facts["output"] for event in events if event.name == "released"]
    assert levels(mock_pin(6)) == ONCE
    fire_and_close(outputs)
    assert "fault_over" in events.names
    assert not outputs.faults


def test_a_pipeline_that_stalls_makes_all_safe_until_it_goes_on(
    opened: Opened, events: EventLog
) -> None:
    outputs = opened(LONG)
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
    assert levels(mock_pin(17)) == TWICE


def test_too_many_firings_are_a_fault_that_makes_all_safe(opened: Opened, events: EventLog) -> None:
    outputs = opened(LONG)
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
    fire_and_close(outputs)
    assert outputs.faults == []


def test_a_lost_camera_makes_all_safe_and_is_a_fault_until_it_is_back(
    opened: Opened, events: EventLog
) -> None:
    outputs = opened(LONG)
    outputs.watch(0.1)
    fire_until_active(outputs, mock_pin(17))
    before = time.monotonic()
    outputs.camera_lost("it was pulled out")
    assert not mock_pin(17).state
    # Longer than a stall when there is a camera.
    assert holds(lambda: outputs.faults == ["it was pulled out"], 0.3)
    outputs.camera_back()
    assert outputs.faults == []
    told = [event for event in events if event.name.startswith("fault")]
    assert [(event.name, event.facts["fault"]) for event in told] == [
        ("fault", "camera"),
        ("fault_over", "camera"),
    ]
    assert before <= told[0].time <= told[1].time <= time.monotonic()
    fire_until_active(outputs, mock_pin(17))
