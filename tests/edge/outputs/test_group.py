"""What all outputs have in common: none delays or harms another."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin

from edge.errors import OutputError
from edge.outputs.command import Command
from edge.outputs.open import open_output
from edge.outputs.output import Output
from edge.settings import (
    AnyOutputSettings,
    CommandSettings,
    GateSettings,
    IndicatorSettings,
    ShutterSettings,
)
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
    closing = threading.Thread(target=outputs.close)
    closing.start()
    closing.join(4.0)
    closes = not closing.is_alive()
    forever.set()
    assert closes


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


def test_of_several_outputs_that_fail_each_is_told_once(
    opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    outputs = opened(two_shutters(pulse_s=10))
    for number in (5, 6):
        mock_pin(number).broken = True
    with pytest.raises(OutputError) as caught:
        outputs.stop()
    lines = [str(caught.value), *(record.getMessage() for record in caplog.records)]
    expected = "expected it to go to its safe level, got: no such line"
    assert sorted(lines) == [f"outputs.{name}: {expected}" for name in "ab"]
    for number in (5, 6):
        mock_pin(number).broken = False


def test_no_thread_of_the_outputs_keeps_the_process_alive(opened: Opened) -> None:
    before = {*threading.enumerate()}
    opened(two_shutters(pulse_s=1)).watch(60.0)
    threads = {thread.name: thread.daemon for thread in {*threading.enumerate()} - before}
    assert threads == {"output a": True, "output b": True, "stall watchdog": True}


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
    assert outputs.faults == [
        "outputs.photo: expected it to go to its safe level, got: no such line",
        "too many firings in a minute (trigger.max_per_minute)",
    ]
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


@pytest.mark.parametrize(("device", "clock"), [("door", time.monotonic), ("", lambda: 0.0)])
def test_a_fault_before_the_first_frame_has_the_time_of_the_frames_to_come(
    opened: Opened, events: EventLog, device: str, clock: Callable[[], float]
) -> None:
    outputs = opened(LONG, device=device)
    outputs.opened[0].report_failure("it is broken")
    assert events[0].time == pytest.approx(clock(), abs=0.9)


def test_disarmed_outputs_are_safe_at_once_and_do_nothing_until_they_are_armed(
    opened: Opened, events: EventLog, pins: MockFactory
) -> None:
    pins.pin_class = MockPWMPin
    lamp = IndicatorSettings(led_pin=16, rgb_pins=(13, 19, 26))
    outputs = opened({**LONG, "lamp": lamp})
    outputs.watch(0.2)
    gate, *lights = map(mock_pin, (17, 16, 13, 19, 26))
    fire_until_active(outputs, gate)
    wait_until(lambda: all(light.state > 0 for light in lights))
    outputs.set_armed(False)
    assert [pin.state for pin in (gate, *lights)] == [0] * 5
    assert outputs.step(FIRE) == []
    outputs.step(Decision(12.6, score=0.9, smiling=True, too_many=True))
    outputs.end_smiles()
    assert holds(lambda: not any(pin.state for pin in (gate, *lights)), 0.1)
    assert "fault" not in events.names
    wait_until(lambda: outputs.faults == ["no frame was judged for 0.2 s"])  # watched as before
    outputs.set_armed(True)
    fire_until_active(outputs, gate)


def test_a_firing_while_it_is_disarmed_from_another_thread_never_outlives_it(
    opened: Opened,
) -> None:
    outputs = opened(LONG)
    stop = threading.Event()

    def step() -> None:
        while not stop.is_set():
            outputs.step(FIRE)

    thread = threading.Thread(target=step)
    thread.start()
    for _ in range(50):
        wait_until(lambda: bool(mock_pin(17).state))
        outputs.set_armed(False)
        assert not mock_pin(17).state
        assert holds(lambda: not mock_pin(17).state, 0.002)
        outputs.set_armed(True)
    stop.set()
    thread.join()


def test_a_command_hears_which_device_fired_or_lost_its_camera(
    opened: Opened, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    tee = CommandSettings(command=("tee", "-a", str(out)), on=("fired", "camera_lost"))
    outputs = opened({"web": tee}, device="door")
    fire_until_idle(outputs)
    outputs.camera_lost("it was pulled out")
    wait_until(lambda: outputs.idle)
    told = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(each["event"], each["device"]) for each in told] == [
        ("fired", "door"),
        ("camera_lost", "door"),
    ]


def test_an_event_is_returned_for_each_output_that_acts(opened: Opened) -> None:
    outputs = opened(two_shutters(pulse_s=0.01))
    assert outputs.step(CALM) == []
    assert [event.facts["output"] for event in outputs.step(FIRE)] == ["a", "b"]


@pytest.mark.parametrize("end", ["stop", "close", "camera_lost"])
def test_pins_are_safe_before_a_program_is_killed(opened: Opened, end: str) -> None:
    at_kill: list[int] = []

    class SlowToKill(Command):
        def off(self) -> None:
            at_kill.append(mock_pin(17).state)
            super().off()

    def open_slow(name: str, settings: AnyOutputSettings, *told: Any) -> Output:
        if isinstance(settings, CommandSettings):
            return SlowToKill(name, settings, *told)
        return open_output(name, settings, *told)

    sleep = CommandSettings(command=("sleep", "30"), timeout_s=60)
    outputs = opened({"web": sleep, **LONG}, open_output=open_slow)
    fire_until_active(outputs, mock_pin(17))
    getattr(outputs, end)(*["it is gone"] * (end == "camera_lost"))
    assert at_kill[0] == 0


def test_an_output_that_starts_another_leaves_none_idle(opened: Opened) -> None:
    """As a snapshot does that ends its work with an event for a command."""

    class Second:
        started = False

        @property
        def idle(self) -> bool:
            self.started = True
            return True

    class First:
        @property
        def idle(self) -> bool:
            return not second.started

    second = Second()
    outputs = opened({})
    outputs.opened = cast("list[Output]", [First(), second])
    assert not outputs.idle
    outputs.opened = []
