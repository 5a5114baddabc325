from __future__ import annotations

import json
import logging
from contextlib import closing
from pathlib import Path
from typing import get_args

import pytest

from edge.errors import TelemetryError
from edge.frames import Event, EventName
from edge.telemetry.events import SENTENCES, EventWriter, log_event

FIRED = Event(1.23456, "fired", {"output": "photo", "pin": 17, "face": 2})
LINE = {"time": 1.2346, "event": "fired", "output": "photo", "pin": 17, "face": 2}


def test_writes_a_json_object_a_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    for _ in range(2):
        with closing(EventWriter(str(path))) as write:
            write(FIRED)
            assert path.read_text().endswith("}\n")
    assert [json.loads(line) for line in path.read_text().splitlines()] == [LINE, LINE]


def test_a_dash_is_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    with closing(EventWriter("-")) as write:
        write(FIRED)
    print("still open")
    out = capsys.readouterr().out.splitlines()
    assert json.loads(out[0]) == LINE
    assert out[1] == "still open"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(TelemetryError, match="expected a file to write to, got: Is a directory"):
        EventWriter(str(tmp_path))


def test_a_full_disk_ends_the_writing_with_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    write = EventWriter("/dev/full")
    write(FIRED)
    write(FIRED)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "/dev/full: writing ended: No space left" in caplog.text
    write.close()


def test_every_event_has_a_sentence(caplog: pytest.LogCaptureFixture) -> None:
    assert set(SENTENCES) == set(get_args(EventName))
    caplog.set_level(logging.INFO)
    log_event(FIRED)
    assert caplog.messages == ["     1.23 s  photo fired: GPIO 17 active"]
