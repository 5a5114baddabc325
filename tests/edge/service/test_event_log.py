from __future__ import annotations

import json
import logging
import os
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import get_args

import pytest

from edge.errors import TelemetryError
from edge.service.event_log import EventWriter, describe, log_event
from edge.values import Event, EventName, Facts

FIRED = Event(1.23456, "fired", {"output": "photo", "pin": 17, "face": 2})
LINE = {"time": 1.2346, "event": "fired", "output": "photo", "pin": 17, "face": 2}


def test_writes_a_json_object_a_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    for _ in range(2):
        with closing(EventWriter(str(path))) as write:
            write(FIRED)
    assert [json.loads(line) for line in path.read_text().splitlines()] == [LINE, LINE]


def test_a_line_that_a_power_cut_left_half_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"time": 1.2, "eve')
    for _ in range(2):
        with closing(EventWriter(str(path))) as write:
            write(FIRED)
    assert [json.loads(line) for line in path.read_text().splitlines()[1:]] == [LINE, LINE]


def test_a_dash_is_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    with closing(EventWriter("-")) as write:
        write(FIRED)
    print("still open")
    out = capfd.readouterr().out.splitlines()
    assert json.loads(out[0]) == LINE
    assert out[1] == "still open"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(TelemetryError, match="expected a file to write to, got: Is a directory"):
        EventWriter(str(tmp_path))


def test_a_full_disk_ends_the_writing_with_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    write = EventWriter("/dev/full")
    write(FIRED)
    write(FIRED)
    write.close()
    write(FIRED)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "/dev/full: writing ended: No space left" in caplog.text


def test_a_reader_that_stalls_blocks_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    write = EventWriter(str(path), queued=10, stall_s=0.1)
    long = Event(0.0, "saved", {"output": "photos", "file": "x" * 10_000})
    started = time.monotonic()
    for _ in range(100):
        write(long)
    write.close()
    assert time.monotonic() - started < 1.0
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "writing ended: its reader is 10 events behind" in caplog.text
    os.close(reader)


def test_a_slow_reader_gets_all(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    write = EventWriter(str(path), stall_s=0.5)
    for index in range(2000):
        write(Event(float(index), "smile_on", {"face": index}))
    got = bytearray()

    def read() -> None:
        while not got.endswith(b'"face": 1999}\n'):
            time.sleep(0.05)
            got.extend(os.read(reader, 20_000))

    slow = threading.Thread(target=read)
    slow.start()
    write.close()
    slow.join(5)
    assert len(got.splitlines()) == 2000
    os.close(reader)


def test_every_event_has_a_description(caplog: pytest.LogCaptureFixture) -> None:
    facts: Facts = {
        "face": 1,
        "output": "a",
        "length_s": 1.0,
        "file": "f",
        "fault": "rate",
        "reason": "r",
    }
    for name in get_args(EventName):
        assert describe(Event(0.0, name, facts))
    caplog.set_level(logging.INFO)
    log_event(FIRED)
    assert caplog.messages == ["     1.23 s  photo fired: GPIO 17 active"]
