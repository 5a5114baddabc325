from __future__ import annotations

import logging
import os
import stat
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
LINE = '{"time": 1.2346, "event": "fired", "output": "photo", "pin": 17, "face": 2}\n'


@pytest.mark.parametrize("before", ["", '{"time": 1.2, "eve'])
def test_appends_whole_lines_even_after_a_power_cut(tmp_path: Path, before: str) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(before)
    for _ in range(2):
        with closing(EventWriter(str(path))) as write:
            write(FIRED)
    whole = f"{before}\n" if before else ""
    assert path.read_text() == whole + 2 * LINE


def test_a_new_file_is_for_the_owner_and_the_group(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    before = os.umask(0)
    try:
        EventWriter(str(path)).close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_dash_is_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    with closing(EventWriter("-")) as write:
        write(FIRED)
    print("still open")
    assert capfd.readouterr().out == f"{LINE}still open\n"


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
    closes = threading.Thread(target=write.close)
    closes.start()
    os.set_blocking(reader, True)
    got = b""
    while part := os.read(reader, 20_000):
        got += part
        time.sleep(0.05)
    closes.join(5)
    assert len(got.splitlines()) == 2000
    os.close(reader)


def test_every_event_has_a_description() -> None:
    facts: Facts = {"face": 1, "output": "a", "length_s": 1.0, "file": "b", "reason": "c"}
    facts = {**facts, "by": "switch", "until": "2026-06-01T20:00:00+02:00", "delay_s": 3.0}
    for name in get_args(EventName):
        assert describe(Event(0.0, name, facts))


def test_a_lost_camera_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log_event(Event(1.0, "camera_lost", {"reason": "unplugged"}))
    log_event(Event(1.0, "fault", {"fault": "camera", "reason": "unplugged"}))
    log_event(FIRED)
    assert caplog.messages == [
        "     1.00 s  camera lost: unplugged",
        "     1.23 s  photo fired: GPIO 17 active",
    ]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, "album saved a.jpg"),
        (
            {"best_of": 12, "after_s": 0.367},
            "album saved a.jpg, the best of 12 frames, 0.37 s after the firing",
        ),
    ],
)
def test_the_log_says_how_a_picture_was_chosen(facts: dict[str, float], said: str) -> None:
    assert describe(Event(1.0, "saved", {"output": "album", "file": "a.jpg", **facts})) == said
