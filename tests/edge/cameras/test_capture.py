"""The thread that keeps a camera's newest frame and opens a lost camera again."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from edge.cameras.capture import USUAL_TIMING
from edge.errors import CameraError
from tests.edge.cameras.scripted_camera import (
    NO_PICTURE,
    SOON_S,
    RecordedCapture,
    ScriptedCamera,
    capture_threads,
)
from tests.waiting import wait_until

Record = Callable[..., RecordedCapture]

STALL_S = 0.4
SILENT = "no frame for 0.4 s"
OUT = CameraError("out", "")


@pytest.fixture
def record() -> Iterator[Record]:
    started: list[RecordedCapture] = []

    def start(*cameras: ScriptedCamera, stall_s: float = 60.0, **timing: float) -> RecordedCapture:
        # A reader checks more often than a lost camera is opened again.
        quick = {"poll_s": 0.01, "first_pause_s": 0.05, **timing}
        started.append(RecordedCapture(*cameras, stall_s=stall_s, **quick))
        return started[-1]

    yield start
    for recorded in started:
        recorded.end()


# the newest frame


def test_a_slow_reader_gets_the_newest_frame_and_the_others_are_released(record: Record) -> None:
    camera = ScriptedCamera(fps=8.0)
    recorded = record(camera)
    assert recorded.capture.fps == camera.fps
    camera.give(5)
    assert recorded.read().index == 4
    camera.give(2)
    assert recorded.read().index == 6
    assert recorded.capture.dropped == 5
    assert camera.released == [0, 1, 2, 3, 5]


def test_a_frame_is_given_once_and_is_the_readers_to_release(record: Record) -> None:
    camera = ScriptedCamera()
    recorded = record(camera)
    camera.give()
    with recorded.read() as frame:
        assert frame.index == 0
        camera.give()
        assert camera.released == []
    assert recorded.read().index == 1
    assert recorded.capture.dropped == 0
    assert camera.released == [0]


def test_a_frame_that_waited_for_too_long_is_released_and_not_given(record: Record) -> None:
    camera = ScriptedCamera()
    recorded = record(camera)
    camera.give()
    recorded.clock.advance(1.6 / camera.fps)
    recorded.read_until(lambda: recorded.capture.dropped == 1)
    assert camera.released == [0]
    camera.give()
    assert recorded.read().index == 1
    assert recorded.capture.dropped == 1
    assert recorded.calls == []


def test_a_frame_that_waited_for_half_a_frame_time_is_given(record: Record) -> None:
    camera = ScriptedCamera()
    recorded = record(camera)
    camera.give()
    recorded.clock.advance(0.5 / camera.fps)
    assert recorded.read().index == 0


# a camera that is lost


def test_a_failure_is_reported_at_once_and_once_with_its_reason(record: Record) -> None:
    recorded = record(ScriptedCamera(CameraError("it was pulled out", "")))
    started = time.monotonic()
    recorded.read_until(lambda: bool(recorded.calls))
    assert time.monotonic() - started < SOON_S
    # Later attempts fail for another reason.
    recorded.read_until(lambda: recorded.opened > 2)
    assert recorded.calls == ["it was pulled out"]


def test_a_stall_is_reported_after_its_time_and_its_end(record: Record) -> None:
    camera = ScriptedCamera("frame", "hang")
    recorded = record(camera, stall_s=STALL_S)
    recorded.read()
    recorded.clock.advance(STALL_S)
    threading.Timer(0.05, recorded.stop.set).start()
    assert recorded.capture.read() is None
    assert recorded.calls == []
    recorded.stop.clear()
    recorded.clock.advance(0.01)
    recorded.read_until(lambda: bool(recorded.calls))
    assert recorded.calls == [SILENT]
    assert recorded.opened == 1  # the driver has the thread
    camera.go_on.set()
    assert recorded.read().index == 1
    assert recorded.calls == [SILENT, "back"]


def test_a_stall_does_not_wait_for_the_next_check(record: Record) -> None:
    camera = ScriptedCamera("hang")
    recorded = record(camera, stall_s=STALL_S, poll_s=60.0)
    recorded.clock.advance(STALL_S + 0.01)
    reader = threading.Thread(target=recorded.capture.read, daemon=True)
    reader.start()
    wait_until(lambda: recorded.calls == [SILENT])
    camera.go_on.set()
    reader.join(SOON_S)
    assert not reader.is_alive()


def test_a_reader_does_not_spin_while_the_camera_is_lost(record: Record) -> None:
    recorded = record(ScriptedCamera("hang"), stall_s=STALL_S, poll_s=0.05)
    recorded.clock.advance(STALL_S + 0.01)
    recorded.read_until(lambda: bool(recorded.calls))
    before, started = recorded.waits, time.monotonic()
    recorded.read_until(lambda: recorded.waits == before + 6)
    assert time.monotonic() - started > 0.2


def test_three_frame_times_are_no_stall(record: Record) -> None:
    recorded = record(ScriptedCamera(fps=2.0), stall_s=0.2)
    recorded.clock.advance(1.6)
    recorded.read_until(lambda: recorded.calls == ["no frame for 1.5 s"])


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (OUT, "out"),
        ("end", "the camera has no more frames"),
        (ZeroDivisionError("oh"), "ZeroDivisionError: oh"),  # no dead thread
    ],
)
def test_each_loss_and_each_return_is_reported_once(
    record: Record, act: str | Exception, reason: str
) -> None:
    first, second = ScriptedCamera(act), ScriptedCamera(fps=5.0)
    recorded = record(first, second)
    recorded.read_until(lambda: recorded.calls == [reason])
    wait_until(lambda: recorded.opened == 2)
    assert first.closed
    for index in range(3):
        second.put("frame")
        assert recorded.read().index == index
    assert recorded.capture.fps == second.fps
    assert recorded.calls == [reason, "back"]
    second.put(CameraError("out again", ""))
    recorded.read_until(lambda: recorded.calls == [reason, "back", "out again"])


def test_the_reason_of_a_failure_is_reported_though_nobody_read_for_long(record: Record) -> None:
    recorded = record(ScriptedCamera(OUT), stall_s=STALL_S)
    wait_until(lambda: recorded.opened > 1)
    recorded.clock.advance(STALL_S + 0.05)
    recorded.read_until(lambda: bool(recorded.calls))
    assert recorded.calls[0] in {"out", "none left"}


# the pauses between attempts


@pytest.fixture
def pauses_ms(caplog: pytest.LogCaptureFixture) -> Callable[[], list[float]]:
    """Return a function that returns the pauses so far; the longest are 30 ms here, not 30 s."""
    caplog.set_level(logging.DEBUG, "edge.cameras.capture")

    def pauses() -> list[float]:
        found = re.findall(r"the next attempt is in (\S+) s", "\n".join(caplog.messages))
        return [round(1e3 * float(seconds), 3) for seconds in found]

    return pauses


def test_each_pause_is_twice_the_one_before_up_to_the_longest(
    record: Record, pauses_ms: Callable[[], list[float]]
) -> None:
    assert (USUAL_TIMING.first_pause_s, USUAL_TIMING.longest_pause_s) == (1.0, 30.0)
    record(ScriptedCamera(OUT), first_pause_s=0.001, longest_pause_s=0.03)
    wait_until(lambda: len(pauses_ms()) > 7)
    assert pauses_ms()[:7] == [1, 2, 4, 8, 16, 30, 30]


@pytest.mark.parametrize(
    ("worked_s", "acts", "second_ms"),
    [
        (10.1, ["frame", OUT], 1.0),
        (9.9, ["frame", OUT], 2.0),
        (10.1, [CameraError("no answer", "")], 2.0),  # it took long to fail: that is no good time
    ],
)
def test_the_pauses_begin_anew_after_frames_for_some_time(
    record: Record,
    pauses_ms: Callable[[], list[float]],
    worked_s: float,
    acts: list[str | Exception],
    second_ms: float,
) -> None:
    again = ScriptedCamera()
    recorded = record(ScriptedCamera(OUT), again, first_pause_s=0.001)
    wait_until(lambda: recorded.opened == 2 and recorded.capture.fps == again.fps)
    wait_until(lambda: again.reads == 1)
    recorded.clock.advance(worked_s)
    again.put(*acts)
    wait_until(lambda: len(pauses_ms()) > 1)
    assert pauses_ms()[:2] == [1.0, second_ms]


# garbage


def test_a_single_picture_that_is_none_is_counted_and_no_loss(record: Record) -> None:
    recorded = record(ScriptedCamera(NO_PICTURE, "frame"))
    assert recorded.read().index == 0
    assert recorded.capture.garbage == 1
    assert recorded.calls == []
    assert recorded.opened == 1


def garbage(recorded: RecordedCapture, camera: ScriptedCamera, *gaps_s: float) -> None:
    """Give something that is no picture after each of these times."""
    for gap_s in gaps_s:
        recorded.clock.advance(gap_s)
        count = recorded.capture.garbage
        camera.put(NO_PICTURE)
        wait_until(lambda: recorded.capture.garbage > count)  # noqa: B023  (waits here)


def test_nothing_but_garbage_is_a_loss(record: Record) -> None:
    camera = ScriptedCamera(fps=1000.0)
    recorded = record(camera, ScriptedCamera(), stall_s=STALL_S)
    garbage(recorded, camera, 0.1, 9.8)
    recorded.read_until(lambda: bool(recorded.calls))
    assert recorded.calls == [f"{SILENT}, but: no picture"]
    assert recorded.opened == 1
    garbage(recorded, camera, 0.2)
    wait_until(lambda: recorded.opened == 2)
    assert recorded.capture.garbage == 3
    assert camera.closed


def test_garbage_between_frames_is_no_loss(record: Record) -> None:
    """For longer in all than makes a stall."""
    camera = ScriptedCamera(fps=1000.0)
    recorded = record(camera, stall_s=1.0)
    for _ in range(60):
        garbage(recorded, camera, 0.3)
        camera.put("frame")
        recorded.read()
    assert recorded.calls == []
    assert recorded.opened == 1


def test_a_picture_after_some_garbage_needs_no_other_opening(record: Record) -> None:
    """As of a stream that was opened between two key frames."""
    camera = ScriptedCamera(fps=1000.0)
    recorded = record(camera, stall_s=STALL_S)
    garbage(recorded, camera, *[0.02] * 50)
    recorded.read_until(lambda: bool(recorded.calls))
    camera.put("frame")
    recorded.read()
    assert recorded.calls == [f"{SILENT}, but: no picture", "back"]
    assert recorded.opened == 1


def test_garbage_before_a_frame_is_not_named_at_a_later_stall(record: Record) -> None:
    recorded = record(ScriptedCamera(NO_PICTURE, "frame", "hang"), stall_s=STALL_S)
    recorded.read()
    recorded.clock.advance(STALL_S + 0.01)
    recorded.read_until(lambda: bool(recorded.calls))
    assert recorded.calls == [SILENT]


# the thread


def test_there_is_one_thread_however_often_the_camera_is_lost(record: Record) -> None:
    recorded = record(*[ScriptedCamera(OUT) for _ in range(5)], first_pause_s=0.001)
    wait_until(lambda: recorded.opened > 7)
    assert len(capture_threads()) == 1
    recorded.capture.close()
    assert not capture_threads()


def test_stop_ends_a_read_at_once(record: Record) -> None:
    recorded = record(ScriptedCamera(), poll_s=0.1)
    threading.Timer(0.05, recorded.stop.set).start()
    started = time.monotonic()
    assert recorded.capture.read() is None
    assert time.monotonic() - started < SOON_S


def test_close_ends_the_wait_between_attempts(record: Record) -> None:
    camera = ScriptedCamera(OUT)
    recorded = record(camera, first_pause_s=60.0)
    wait_until(lambda: camera.closed)
    recorded.capture.close()
    assert not capture_threads()
    recorded.capture.close()


def test_close_closes_a_camera_that_works_and_releases_its_last_frame(record: Record) -> None:
    camera = ScriptedCamera("frames")
    recorded = record(camera)
    wait_until(lambda: camera.frames > 3)
    recorded.capture.close()
    assert camera.closed
    assert camera.released == list(range(camera.frames))
    assert not capture_threads()


def test_close_does_not_wait_for_ever_for_a_camera_that_hangs(record: Record) -> None:
    camera = ScriptedCamera("hang")
    recorded = record(camera, close_s=0.1)
    started = time.monotonic()
    recorded.capture.close()
    assert time.monotonic() - started < SOON_S
    (thread,) = capture_threads()
    assert thread.daemon
    camera.go_on.set()
    wait_until(lambda: not thread.is_alive())
    assert camera.released == [0]
