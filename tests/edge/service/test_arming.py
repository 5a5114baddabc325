"""The schedule, the switch and the command that arm the gate."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from gpiozero import InputDevice
from gpiozero.pins.mock import MockFactory

from edge.errors import PinInUseError
from edge.service.arming import Arming, in_words
from edge.service.status_socket import StatusServer
from edge.settings import ArmingSettings
from edge.values import Event
from tests.edge.outputs.harness import mock_pin
from tests.edge.service.running_service import PIN_22, Serve, Served, put
from tests.waiting import wait_until


class Wall:
    """A clock on a wall in Berlin."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def show(self, text: str, *, again: bool = False) -> None:
        """Set the clock to a local time, the second one of that name if ``again``."""
        moment = datetime.fromisoformat(text).replace(fold=int(again))
        self.now = moment.timestamp()


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wall]:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield Wall()
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("active", "now", "words"),
    [
        ("", "2026-06-01 12:00", "armed"),
        ("08:00-20:00", "2026-06-01 07:59:59", "disarmed by schedule until 2026-06-01 08:00"),
        ("08:00-20:00", "2026-06-01 08:00", "armed until 2026-06-01 20:00"),
        ("08:00-20:00", "2026-06-01 20:00", "disarmed by schedule until 2026-06-02 08:00"),
        ("22:00-06:00", "2026-06-01 21:59", "disarmed by schedule until 2026-06-01 22:00"),
        ("22:00-06:00", "2026-06-01 22:00", "armed until 2026-06-02 06:00"),
        ("22:00-06:00", "2026-06-02 05:59", "armed until 2026-06-02 06:00"),
        ("22:00-06:00", "2026-06-02 06:00", "disarmed by schedule until 2026-06-02 22:00"),
        # On 2026-03-29 the clock goes from 02:00 to 03:00.
        ("02:30-05:00", "2026-03-29 01:59", "disarmed by schedule until 2026-03-29 03:00"),
        ("02:30-05:00", "2026-03-29 03:00", "armed until 2026-03-29 05:00"),
        ("02:10-02:50", "2026-03-29 01:59", "disarmed by schedule until 2026-03-30 02:10"),
        ("22:00-06:00", "2026-03-28 23:00", "armed until 2026-03-29 06:00"),
        # On 2026-10-25 it goes from 03:00 back to 02:00.
        ("01:00-02:30", "2026-10-25 02:29", "armed until 2026-10-25 02:30"),
        ("01:00-02:30", "2026-10-25 02:31", "disarmed by schedule until 2026-10-25 02:00"),
        ("02:30-05:00", "2026-10-25 02:59", "armed until 2026-10-25 02:00"),
    ],
)
def test_the_schedule_follows_the_clock_on_the_wall(
    wall: Wall, active: str, now: str, words: str
) -> None:
    arming = Arming(wall)
    arming.open(ArmingSettings(active=active))
    wall.show(now)
    assert in_words(arming.report()) == words


def test_the_hour_that_comes_twice_and_a_clock_that_is_set(wall: Wall) -> None:
    arming = Arming(wall)
    arming.open(ArmingSettings(active="02:30-05:00"))
    told = []
    for now, again in (("02:45", False), ("02:15", True), ("02:45", True), ("01:00", False)):
        wall.show(f"2026-10-25 {now}", again=again)
        told.append(not arming.disarmed_by)
    assert told == [True, False, True, False]
    assert arming.until == "2026-10-25T02:30:00+02:00"


def test_another_time_zone_counts_at_once(wall: Wall, monkeypatch: pytest.MonkeyPatch) -> None:
    arming = Arming(wall)
    arming.open(ArmingSettings(active="08:00-20:00"))
    wall.show("2026-06-01 08:30")
    assert in_words(arming.report()).startswith("armed until")
    monkeypatch.setenv("TZ", "UTC0")
    assert in_words(arming.report()) == "disarmed by schedule until 2026-06-01 08:00"


@pytest.mark.parametrize(("level", "armed_low"), [("low", True), ("high", False)])
def test_a_switch_arms_at_its_level(pins: MockFactory, level: str, armed_low: bool) -> None:
    arming = Arming()
    with closing(arming):
        arming.open(ArmingSettings(switch_pin=6, switch_level=level))  # type: ignore[arg-type]
        assert pins.pin(6).pull == "up"
        for low in (False, True, False):  # open at first
            pins.pin(6).drive_low() if low else pins.pin(6).drive_high()
            assert arming.disarmed_by == (() if low is armed_low else ("switch",))
    Arming().open(ArmingSettings(switch_pin=6))  # its pin is free again


def test_a_switch_that_cannot_be_opened_is_named() -> None:
    first = Arming()
    first.open(ArmingSettings(switch_pin=6))
    with pytest.raises(PinInUseError, match=r"^arming\.switch_pin: expected GPIO 6 to be usable"):
        Arming().open(ArmingSettings(switch_pin=6))
    first.close()


def test_a_switch_that_cannot_be_read_disarms_with_one_warning(
    pins: MockFactory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    arming = Arming()
    arming.open(ArmingSettings(switch_pin=6, switch_level="high"))
    assert arming.report()["armed"]
    monkeypatch.setattr(pins.pin(6), "_get_state", lambda: 1 / 0)
    assert [in_words(arming.report()) for _ in range(2)] == ["disarmed by switch"] * 2
    assert caplog.messages == [
        "arming.switch_pin: can't be read, so the gate is disarmed: division by zero"
    ]
    monkeypatch.undo()
    assert arming.report()["armed"]


def test_all_must_agree(wall: Wall, pins: MockFactory) -> None:
    arming = Arming(wall)
    arming.open(ArmingSettings(active="08:00-20:00", switch_pin=6))
    wall.show("2026-06-01 21:00")
    arming.disarmed_by_command = True
    assert in_words(arming.report()) == "disarmed by command, switch, schedule"
    pins.pin(6).drive_low()
    wall.show("2026-06-01 19:00")
    assert in_words(arming.report()) == "disarmed by command"
    arming.disarmed_by_command = False
    assert arming.report() == {
        "armed": True,
        "disarmed_by": [],
        "until": "2026-06-01T20:00:00+02:00",
    }


# The gate


SECOND = (("pulse_s = 0.05", "pulse_s = 1"), ("hold_s", "cooldown_s = 1\nhold_s"))


def why(event: Event) -> dict[str, object]:
    """Return an event's facts without those that each event of a live camera has."""
    return {name: fact for name, fact in event.facts.items() if name not in {"at", "device"}}


def test_a_disarmed_gate_processes_frames_and_fires_nothing(serve: Serve) -> None:
    served = serve("smile", *SECOND)
    wait_until(lambda: bool(mock_pin(17).state))
    served.service.disarm()
    assert not mock_pin(17).state
    assert served.service.report()["disarmed_by"] == ["command"]
    served.reload(*SECOND, PIN_22)  # and with new outputs
    for shown in ("plain", "smile"):
        put(served.camera, shown)
        served.wait_for_frames(50)
    assert served.events.names.count("smile_on") == 2
    assert served.events.names.count("fired") == 1
    served.service.arm()
    served.wait_for("fired", 2)  # for the smile that lasts
    changes = [event for event in served.events if event.name in {"armed", "disarmed"}]
    assert [(event.name, why(event)) for event in changes] == [
        ("disarmed", {"by": "command"}),
        ("armed", {}),
    ]
    assert changes[1].time == pytest.approx(served.events[-1].time, abs=2.0)


def test_a_gate_starts_as_switch_and_schedule_say_and_follows_them(
    serve: Serve, wall: Wall, pins: MockFactory
) -> None:
    settings = ("[trigger]", "[arming]\nactive = '08:00-20:00'\nswitch_pin = 6\n[trigger]")
    wall.show("2026-06-01 07:59")
    served = serve("smile", settings, wall_clock=wall)
    served.wait_for_frames(10)
    assert why(served.events[0]) == {"by": "switch, schedule"}
    pins.pin(6).drive_low()
    served.wait_for_frames()
    assert served.service.report()["until"] == "2026-06-01T08:00:00+02:00"
    wall.show("2026-06-01 08:00")
    served.wait_for("armed")
    wall.show("2026-06-01 20:00")
    served.wait_for("disarmed", 2)
    served.reload(("[trigger]", "[arming]\nactive = '20:00-08:00'\nswitch_pin = 5\n[trigger]"))
    assert pins.pin(6).function == "input"
    served.wait_for_frames()
    assert served.service.report()["disarmed_by"] == ["switch"]
    pins.pin(5).drive_low()
    served.wait_for("armed", 2)
    facts = [why(event) for event in served.events if event.name in {"armed", "disarmed"}]
    assert facts == [
        {"by": "switch, schedule"},
        {"until": "2026-06-01T20:00:00+02:00"},
        {"by": "schedule", "until": "2026-06-02T08:00:00+02:00"},
        {"until": "2026-06-02T08:00:00+02:00"},
    ]


SWITCH = ("[trigger]", "[arming]\nswitch_pin = 6\n[trigger]")


def test_a_switch_that_cannot_be_had_refuses_the_start(serve: Serve, pins: MockFactory) -> None:
    with InputDevice(6), pytest.raises(PinInUseError):
        serve("plain", SWITCH)
    assert pins.pin(17).function == "input"  # free again


def test_a_switch_that_cannot_be_had_refuses_a_reload(served: Served, pins: MockFactory) -> None:
    with InputDevice(6):
        served.reload(SWITCH, PIN_22)
    served.wait_for_frames()
    assert pins.pin(22).function == "input"
    put(served.camera, "smile")
    served.wait_for("fired")
    served.reload(SWITCH, PIN_22)
    served.wait_for("disarmed")


# The verbs


def test_the_verbs(smile_gate: Any, tmp_path: Path, wall: Wall) -> None:
    arming = Arming(wall)
    arming.open(ArmingSettings(active="08:00-20:00"))
    wall.show("2026-06-01 12:00")
    requests = {
        "arm": lambda: setattr(arming, "disarmed_by_command", False),
        "disarm": lambda: setattr(arming, "disarmed_by_command", True),
    }
    path = tmp_path / "s"
    with closing(StatusServer(path, arming.report, requests)):
        assert smile_gate("disarm", "--socket", path) == (0, "disarmed by command\n", "")
        armed = "armed until 2026-06-01 20:00\n"
        assert smile_gate("arm", "--socket", path) == (0, armed, "")
        wall.show("2026-06-01 20:00")
        forbidden = "disarmed by schedule until 2026-06-02 08:00\n"
        assert smile_gate("arm", "--socket", path) == (1, forbidden, "")
    code, out, err = smile_gate("arm", "--socket", path)
    assert (code, out) == (2, "")
    assert "expected a running smile-gate" in err


@pytest.mark.parametrize("verb", ["arm", "disarm"])
def test_a_gate_of_another_version_is_one_line(smile_gate: Any, tmp_path: Path, verb: str) -> None:
    path = tmp_path / "s"
    with closing(StatusServer(path, dict, {"arm": lambda: None, "disarm": lambda: None})):
        code, out, err = smile_gate(verb, "--socket", path)
    assert (code, out) == (2, "")
    assert f"expected the gate to obey {verb}" in err
