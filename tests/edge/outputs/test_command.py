from __future__ import annotations

import json
import logging
import os
import re
import signal
import time
from pathlib import Path

import pytest

from edge.settings import AnyOutputSettings, CommandSettings, ShutterSettings
from edge.values import Decision
from tests.conftest import lasted
from tests.edge.outputs.harness import (
    FIRE,
    TWICE,
    WAYS,
    EventLog,
    Opened,
    end,
    fire_and_close,
    fire_until_idle,
    levels,
    mock_pin,
)
from tests.edge.outputs.programs import lives, started, stubborn, web
from tests.waiting import wait_until


def test_a_command_gets_the_event_as_one_line_of_json(
    opened: Opened, events: EventLog, out: Path
) -> None:
    fired = fire_and_close(opened(web(["tee", out])))
    assert [event.facts for event in fired] == [{"output": "web", "face": 1}]
    text = out.read_text()
    assert text.endswith("}\n")
    assert text.count("\n") == 1
    assert json.loads(text) == {"time": 12.5, "event": "fired", "output": "web", "face": 1}
    assert events.names == ["released"]
    assert events[0].facts.keys() == {"output", "length_s", "exit_code"}
    assert events[0].facts["exit_code"] == 0
    assert events[0].facts["length_s"] == round(float(events[0].facts["length_s"]), 4)
    assert events[0].time >= 12.5


def test_a_firing_without_a_face_names_none(opened: Opened, out: Path) -> None:
    outputs = opened(web(["tee", out]))
    outputs.step(Decision(1.23456789, fire=True))
    wait_until(lambda: outputs.idle)
    assert json.loads(out.read_text()) == {"time": 1.2346, "event": "fired", "output": "web"}


def test_arguments_arrive_as_they_are(opened: Opened, tmp_path: Path) -> None:
    names = {"*", "$HOME", "~", "a b", "; touch x", "| cat", "`id`", "$(id)", "&& id", "'\"", "\\"}
    fire_and_close(opened(web(["tee", *(f"{tmp_path}/{name}" for name in sorted(names))])))
    assert {path.name for path in tmp_path.iterdir()} == names


def test_the_environment_is_what_is_given_and_no_more(
    opened: Opened, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILE_GATE_SECRET", "password")
    fire_and_close(opened(web(["cp", "/proc/self/environ", out], TZ="Europe/Berlin")))
    given = sorted(out.read_text().split("\0"))
    assert re.fullmatch("SMILE_GATE_FIRING=[0-9a-f]{16}", given.pop(3))
    assert given == [
        "",
        "LANG=C.UTF-8",
        "PATH=/usr/local/bin:/usr/bin:/bin",
        "TZ=Europe/Berlin",
    ]


def test_the_given_path_is_searched_for_the_program(
    opened: Opened, tmp_path: Path, out: Path
) -> None:
    program = tmp_path / "mine"
    program.write_text(f'#!/bin/sh\necho "$LANG" > {out}\n')
    program.chmod(0o700)
    fire_and_close(opened(web(["mine"], PATH=str(tmp_path), LANG="de_DE.UTF-8")))
    assert out.read_text() == "de_DE.UTF-8\n"


def test_an_open_file_of_ours_is_not_handed_on(opened: Opened, events: EventLog, out: Path) -> None:
    descriptor = os.open(out, os.O_CREAT | os.O_WRONLY)
    os.set_inheritable(descriptor, True)
    fire_and_close(opened(web(["test", "!", "-e", f"/proc/self/fd/{descriptor}"])))
    os.close(descriptor)
    assert events.names == ["released"]


def test_ctrl_c_in_our_terminal_does_not_reach_a_command(opened: Opened, out: Path) -> None:
    fire_and_close(opened(web(["cp", "/proc/self/stat", out])))
    group, session = map(int, out.read_text().rpartition(")")[2].split()[2:4])
    assert group != os.getpgrp()
    assert session != os.getsid(0)


def test_a_command_gets_the_name_of_the_device(opened: Opened, out: Path) -> None:
    fire_and_close(opened(web(["tee", out]), device="door"))
    assert json.loads(out.read_text())["device"] == "door"


def test_what_a_command_prints_is_thrown_away(
    opened: Opened, events: EventLog, capfd: pytest.CaptureFixture[str]
) -> None:
    # More than a pipe that nobody reads would hold.
    fire_and_close(opened(web(["sh", "-c", "yes smile | head -c 1000000"])))
    assert events.names == ["released"]
    assert capfd.readouterr().out == ""


def test_a_command_that_takes_too_long_is_killed_with_its_children(
    opened: Opened, events: EventLog, out: Path
) -> None:
    outputs = opened(web(stubborn(out), timeout_s=0.4))
    fired_at = time.monotonic()
    outputs.step(FIRE)
    processes = started(out)
    wait_until(lambda: "fault" in events.names)
    assert 0.4 <= time.monotonic() - fired_at < 0.9
    wait_until(lambda: not any(map(lives, processes)), seconds=0.5)
    assert events.names == ["released", "fault"]
    assert events[0].facts["exit_code"] == -signal.SIGKILL
    assert lasted(float(events[0].facts["length_s"]), 0.4)
    assert lasted(events[0].time, FIRE.time + 0.4)
    assert events[1].facts["output"] == "web"
    assert events.reasons == ["outputs.web: expected sh to end within 0.4 s, got: no end: killed"]


# In sessions of their own: a child, a child of a program that has ended, and one that has
# forgotten its environment but not its parent.
DETACHED = """
setsid sleep 20 &
echo $! > "$1".part
setsid sh -c 'sleep 20 & echo $! >> "$1".part' sh "$1"
env -i setsid /bin/sleep 20 &
echo $! >> "$1".part
mv "$1".part "$1"
"""


@pytest.mark.parametrize("way", ["timeout", *WAYS])
@pytest.mark.parametrize("then", ["wait", "env -i /bin/sleep 20", "exit 0"])
def test_children_in_sessions_of_their_own_are_killed_too(
    opened: Opened, events: EventLog, out: Path, way: str, then: str
) -> None:
    script = DETACHED if then != "exit 0" else DETACHED.replace("env -i ", "")
    settings = web(["sh", "-c", script + then, "sh", out], 0.6 if way == "timeout" else 10.0)
    outputs = opened(settings)
    outputs.step(FIRE)
    processes = started(out, 3)
    if way == "timeout":
        wait_until(lambda: "fault" in events.names)
    else:
        end(outputs, way)
    wait_until(lambda: not any(map(lives, processes)), seconds=0.5)
    outputs.close()
    assert events.names == ["released", *["fault"] * (way == "timeout")]
    what = "children that go on" if then == "exit 0" else "no end"
    assert events.reasons in (
        [],
        [f"outputs.web: expected sh to end within 0.6 s, got: {what}: killed"],
    )


def test_a_command_has_ended_when_its_children_have(
    opened: Opened, events: EventLog, out: Path
) -> None:
    outputs = opened(web(["sh", "-c", f"setsid sh -c 'sleep 0.3; touch {out}' &"]))
    outputs.step(FIRE)
    wait_until(lambda: outputs.idle)
    assert out.exists()
    assert events.names == ["released"]
    assert events[0].facts["exit_code"] == 0


@pytest.mark.parametrize("way", WAYS)
def test_a_command_is_killed_at_once_with_its_children_when_told_to(
    opened: Opened, events: EventLog, out: Path, way: str
) -> None:
    outputs = opened(web(stubborn(out)))
    outputs.step(FIRE)
    processes = started(out)
    told_at = time.monotonic()
    end(outputs, way)
    wait_until(lambda: not any(map(lives, processes)))
    assert time.monotonic() - told_at < 0.2
    outputs.close()
    assert events.names == ["released"]
    assert events[0].facts["exit_code"] == -signal.SIGKILL


def test_a_command_runs_again_after_it_was_made_safe(opened: Opened, out: Path) -> None:
    outputs = opened(web(stubborn(out)))
    outputs.step(FIRE)
    first = started(out)
    out.unlink()
    outputs.opened[0].safe()
    wait_until(lambda: outputs.idle)
    outputs.step(FIRE)
    second = started(out)
    wait_until(lambda: not any(map(lives, first)))
    outputs.close()
    wait_until(lambda: not any(map(lives, second)))


@pytest.mark.parametrize(
    ("exists", "reason"), [(False, "No such file or directory"), (True, "Permission denied")]
)
def test_a_program_that_cannot_be_executed_is_a_fault(
    opened: Opened, events: EventLog, tmp_path: Path, exists: bool, reason: str
) -> None:
    program = tmp_path / "program"
    if exists:
        program.touch(0o600)
    fire_and_close(opened(web([program])))
    assert events.names == ["fault"]
    assert events[0].facts["output"] == "web"
    assert events.reasons == [f"outputs.web: expected {program} to start, got: {reason}"]


@pytest.mark.parametrize(("script", "code"), [("exit 3", 3), ("kill -9 $$", -9)])
def test_a_command_that_fails_is_a_fault_with_its_code(
    opened: Opened, events: EventLog, script: str, code: int
) -> None:
    fire_and_close(opened(web(["sh", "-c", script])))
    assert events.names == ["released", "fault"]
    assert events[0].facts["exit_code"] == code
    assert events.reasons == [f"outputs.web: expected sh to end with code 0, got: {code}"]


def test_a_fault_is_told_once_and_is_over_at_the_next_success(
    opened: Opened, events: EventLog, out: Path
) -> None:
    outputs = opened(web(["test", "-e", out]))
    for _ in range(2):
        fire_until_idle(outputs)
    assert events.names == ["released", "fault", "released"]
    assert outputs.faults == events.reasons
    out.touch()
    fire_and_close(outputs)
    assert events.names[3:] == ["released", "fault_over"]
    assert events[-1].facts == {"fault": "output", "output": "web"}
    assert outputs.faults == []


def test_a_command_that_was_killed_ends_no_fault(
    opened: Opened, events: EventLog, out: Path
) -> None:
    outputs = opened(web(["sh", "-c", 'test -e "$1" && rm "$1" && exec sleep 20', "sh", out]))
    fire_until_idle(outputs)
    out.touch()
    outputs.step(FIRE)
    wait_until(lambda: not out.exists())
    outputs.opened[0].safe()
    wait_until(lambda: outputs.idle)
    assert events.names == ["released", "fault", "released"]
    assert len(outputs.faults) == 1


def test_a_firing_while_it_runs_is_dropped_with_a_warning(
    opened: Opened, events: EventLog, tmp_path: Path, out: Path, caplog: pytest.LogCaptureFixture
) -> None:
    go = tmp_path / "go"
    os.mkfifo(go)
    outputs = opened(web(["sh", "-c", f'echo run >> "$1"; cat {go}', "sh", out]))
    assert len(outputs.step(FIRE)) == 1
    wait_until(out.is_file)
    with caplog.at_level(logging.WARNING):
        assert outputs.step(FIRE) == []
    assert [record.getMessage() for record in caplog.records] == [
        "outputs.web: still busy, a firing is dropped"
    ]
    go.write_text("")
    wait_until(lambda: outputs.idle)
    assert events.names == ["released"]
    assert out.read_text() == "run\n"
    assert len(outputs.step(FIRE)) == 1
    wait_until(lambda: out.read_text() == "run\n" * 2)


def test_the_other_outputs_work_while_a_command_hangs(
    opened: Opened, events: EventLog, out: Path
) -> None:
    settings: dict[str, AnyOutputSettings] = {
        "hangs": CommandSettings(("sleep", "20")),
        "fails": CommandSettings(("false",)),
        "works": CommandSettings(("tee", str(out))),
        "photo": ShutterSettings(pin=17, pulse_s=0.02),
    }
    outputs = opened(settings)
    fired = outputs.step(FIRE)
    assert [event.facts["output"] for event in fired] == list(settings)
    wait_until(lambda: all(output.idle for output in outputs.opened[1:]))
    assert sorted(events.names) == ["fault", *["released"] * 3]
    fired = outputs.step(FIRE)
    assert [event.facts["output"] for event in fired] == ["fails", "works", "photo"]
    wait_until(lambda: all(output.idle for output in outputs.opened[1:]))
    assert levels(mock_pin(17)) == TWICE
    assert not outputs.opened[0].idle
    outputs.close()
    assert {event.facts["output"] for event in events[:-1]} == {"fails", "works", "photo"}
    assert events[-1].facts["output"] == "hangs"
