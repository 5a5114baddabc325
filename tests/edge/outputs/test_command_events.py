"""Commands that hear of events other than firings."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge.outputs.command import Command
from edge.values import Box, Decision, Event, Face, Frame, SmileScore
from tests.edge.outputs.harness import (
    FIRE,
    EventLog,
    Opened,
    fire_until_idle,
)
from tests.edge.outputs.programs import web
from tests.edge.outputs.snapshot_files import album, pictures
from tests.waiting import holds, wait_until


@pytest.mark.parametrize("order", [1, -1])
def test_a_command_gets_the_file_of_each_saved_picture_with_face_and_score(
    opened: Opened, events: EventLog, out: Path, folder: Path, frame: Frame, order: int
) -> None:
    settings = {**album(folder), **web(["tee", "-a", out], on=("saved",))}
    outputs = opened(dict(list(settings.items())[::order]))
    scores = (SmileScore(Face(1, Box(0, 0, 9, 9), 5.0), 0.93),)
    fired = outputs.step(replace(FIRE, scores=scores), frame)
    assert [event.facts for event in fired] == [{"output": "album", "face": 1, "score": 0.93}]
    wait_until(lambda: outputs.idle)
    (picture,) = pictures(folder)
    told = json.loads(out.read_text())
    assert told.pop("time") >= FIRE.time
    assert told == {
        "event": "saved",
        "output": "album",
        "file": str(picture),
        "face": 1,
        "score": 0.93,
    }
    assert events.names == ["saved", "released"]
    assert events[1].time >= events[0].time


def test_no_more_than_so_many_events_wait(
    opened: Opened,
    tmp_path: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(Command, "WAITING_EVENTS", 3)
    go = tmp_path / "go"
    slow = ["sh", "-c", f"touch {out}; until [ -e {go} ]; do sleep 0.01; done; cat >> {out}"]
    outputs = opened(web(slow, on=("saved",)))
    with caplog.at_level(logging.WARNING):
        for number in range(6):
            outputs.opened[0].hear(Event(float(number), "saved", {}))
            wait_until(out.exists)  # the first runs, the others wait
    go.touch()
    wait_until(lambda: outputs.idle)
    told = [json.loads(line)["time"] for line in out.read_text().splitlines()]
    assert told == [0, 1, 2, 3]
    dropped = "outputs.web: still busy, saved is dropped"
    assert [record.getMessage() for record in caplog.records] == [dropped] * 2


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("fired", []),
        ("fault", [("fault", "it was pulled out"), ("fault", "too many firings in a minute")]),
        ("camera_lost", [("camera_lost", "it was pulled out")]),
        (
            "fault camera_lost",  # not twice the same
            [("camera_lost", "it was pulled out"), ("fault", "too many firings in a minute")],
        ),
    ],
)
def test_a_command_hears_of_what_goes_wrong(
    opened: Opened, out: Path, on: str, expected: list[tuple[str, str]]
) -> None:
    outputs = opened(web(["tee", "-a", out], on=tuple(on.split())))
    outputs.camera_lost("it was pulled out")
    wait_until(lambda: outputs.idle)
    outputs.camera_back()
    outputs.step(Decision(13.0, too_many=True))
    wait_until(lambda: outputs.idle)
    told = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    assert [(each["event"], each["reason"].partition(" (")[0]) for each in told] == expected


def test_events_wait_for_a_command_that_runs(
    opened: Opened, tmp_path: Path, out: Path, folder: Path, frame: Frame
) -> None:
    folder.mkdir()
    go = tmp_path / "go"
    slow = ["sh", "-c", f"until [ -e {go} ]; do sleep 0.01; done; cat >> {out}"]
    outputs = opened({**album(folder), **web(slow, on=("saved",))})
    for number in (1, 2, 3):
        outputs.step(FIRE, frame)
        wait_until(lambda: len(pictures(folder)) == number)  # noqa: B023
    go.touch()
    wait_until(lambda: outputs.idle)
    files = [json.loads(line)["file"] for line in out.read_text().splitlines()]
    assert sorted(files) == [str(path) for path in pictures(folder)]


def test_a_command_does_not_hear_of_its_own_fault(
    opened: Opened, events: EventLog, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    fails = ["sh", "-c", f"echo >> {runs}; exit $(wc -l < {runs})"]  # each with another reason
    outputs = opened(web(fails, on=("fired", "fault")))
    fire_until_idle(outputs)
    wait_until(lambda: bool(events.reasons))
    assert holds(lambda: len(events.reasons) == 1, 0.2)


def test_a_command_for_pictures_only_does_not_fire(opened: Opened, out: Path) -> None:
    outputs = opened(web(["tee", out], on=("saved",)))
    assert fire_until_idle(outputs) == []
    assert not out.exists()


def test_a_command_hears_of_a_fault_at_the_start(opened: Opened, out: Path) -> None:
    outputs = opened({**album(Path("/dev/null/a")), **web(["tee", out], on=("fault",))})
    wait_until(out.exists)
    wait_until(lambda: outputs.idle)
    assert json.loads(out.read_text())["output"] == "album"
