"""The thread that keeps a camera's newest frame and opens a lost camera again."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from edge.cameras.capture import Capture
from edge.errors import CameraError
from tests.edge.cameras.harness import NO_PICTURE, RecordedCapture, ScriptedCamera, capture_threads
from tests.edge.clock import Clock
from tests.waiting import wait_until

Record = Callable[..., RecordedCapture]
Pauses = Callable[[], list[float]]

STALL_S = 0.4
SILENT = "no frame for 0.4 s"
OUT = CameraError("out", "")
SOON_S = 1.0
"""For what should take 0.1 s; a busy machine may make more of it."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def record(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Record]:
    """Return a function that captures the given cameras, one after the other."""
    shown: list[ScriptedCamera] = []
    started: list[RecordedCapture] = []

    def start(*cameras: ScriptedCamera, stall_s: float = 60.0, **timing: float) -> RecordedCapture:
        # A reader checks more often than a lost camera is opened again.
        for name, value in {"POLL_S": 0.01, "FIRST_PAUSE_S": 0.05, **timing}.items():
            monkeypatch.setattr(Capture, name, value)
        shown.extend(cameras)
        left = iter(cameras)

        def open_next() -> ScriptedCamera:
            for camera in left:
                camera.clock = clock
                return camera
            raise CameraError("none left", "")

        started.append(RecordedCapture(open_next, stall_s=stall_s, clock=clock))
        return started[-1]

    yield start
    for camera in shown:
        camera.go_on.set()
        camera.put("frames")  # a camera that waits for its script can't be closed
    for recorded in started:
        recorded.close()
    wait_until(lambda: not capture_threads())


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


def test_a_frame_that_waited_for_too_long_is_released(record: Record, clock: Clock) -> None:
    camera = ScriptedCamera()
    recorded = record(camera)
    camera.give()
    clock.advance(1.6 / camera.fps)
    recorded.read_until(lambda: recorded.capture.dropped == 1)
    assert camera.released == [0]
    camera.give()
    clock.advance(1.4 / camera.fps)
    assert recorded.read().index == 1
    assert recorded.capture.dropped == 1
    assert recorded.calls == []


# a camera that is lost


def test_a_failure_is_reported_at_once_and_once_with_its_reason(record: Record) -> None:
    recorded = record(ScriptedCamera(CameraError("it was pulled out", "")))
    started = time.monotonic()
    recorded.read_until(lambda: bool(recorded.calls))
    assert time.monotonic() - started < SOON_S
    # Later attempts fail for another reason.
    recorded.read_until(lambda: recorded.opened > 2)
    assert recorded.calls == ["it was pulled out"]


def test_a_stall_is_reported_after_its_time_and_its_end(record: Record, clock: Clock) -> None:
    camera = ScriptedCamera(NO_PICTURE, "frame", "hang")
    recorded = record(camera, stall_s=STALL_S)
    recorded.read()  # so the garbage before it is no reason
    clock.advance(STALL_S)
    threading.Timer(0.05, recorded.stop.set).start()
    assert recorded.capture.read() is None
    assert recorded.calls == []
    recorded.stop.clear()
    clock.advance(0.01)
    recorded.read_until(lambda: bool(recorded.calls))
    assert recorded.calls == [SILENT]
    assert recorded.opened == 1  # the driver has the thread
    camera.go_on.set()
    assert recorded.read().index == 1
    assert recorded.calls == [SILENT, "back"]


def test_a_stall_does_not_wait_for_the_next_check(record: Record, clock: Clock) -> None:
    camera = ScriptedCamera("hang")
    recorded = record(camera, stall_s=STALL_S, POLL_S=60.0)
    clock.advance(STALL_S + 0.01)
    reader = threading.Thread(target=recorded.capture.read, daemon=True)
    reader.start()
    wait_until(lambda: recorded.calls == [SILENT])
    camera.go_on.set()
    reader.join(SOON_S)
    assert not reader.is_alive()


def test_a_reader_does_not_spin_while_the_camera_is_lost(record: Record, clock: Clock) -> None:
    recorded = record(ScriptedCamera("hang"), stall_s=STALL_S, POLL_S=0.05)
    clock.advance(STALL_S + 0.01)
    recorded.read_until(lambda: bool(recorded.calls))
    before, started = recorded.waits, time.monotonic()
    recorded.read_until(lambda: recorded.waits == before + 6)
    assert time.monotonic() - started > 0.2


def test_three_frame_times_are_no_stall(record: Record, clock: Clock) -> None:
    recorded = record(ScriptedCamera(fps=2.0), stall_s=0.2)
    clock.advance(1.6)
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


def test_a_failure_has_its_reason_though_nobody_read_for_long(record: Record, clock: Clock) -> None:
    recorded = record(ScriptedCamera(OUT), stall_s=STALL_S)
    wait_until(lambda: recorded.opened > 1)
    clock.advance(STALL_S + 0.05)
    recorded.read_until(lambda: bool(recorded.calls))
    assert recorded.calls[0] in {"out", "none left"}


# the pauses between attempts


@pytest.fixture
def pauses_ms(caplog: pytest.LogCaptureFixture) -> Pauses:
    """Return a function that returns the pauses so far; the longest are 30 ms here, not 30 s."""
    caplog.set_level(logging.DEBUG, "edge.cameras.capture")
    pause = re.compile(r"the next attempt is in (\S+) s")
    return lambda: [round(1e3 * float(seconds), 3) for seconds in pause.findall(caplog.text)]


def test_each_pause_is_twice_the_one_before_up_to_the_longest(
    record: Record, pauses_ms: Pauses
) -> None:
    assert (Capture.FIRST_PAUSE_S, Capture.LONGEST_PAUSE_S) == (1.0, 30.0)
    record(ScriptedCamera(OUT), FIRST_PAUSE_S=0.001, LONGEST_PAUSE_S=0.03)
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
    clock: Clock,
    pauses_ms: Pauses,
    worked_s: float,
    acts: list[str | Exception],
    second_ms: float,
) -> None:
    again = ScriptedCamera()
    recorded = record(ScriptedCamera(OUT), again, FIRST_PAUSE_S=0.001)
    wait_until(lambda: recorded.opened == 2 and recorded.capture.fps == again.fps)
    wait_until(lambda: again.reads == 1)
    clock.advance(worked_s)
    again.put(*acts)
    wait_until(lambda: len(pauses_ms()) > 1)
    assert pauses_ms()[:2] == [1.0, second_ms]


# garbage


def garbage(capture: Capture, camera: ScriptedCamera, clock: Clock, *gaps_s: float) -> None:
    """Give something that is no picture after each of these times."""
    for gap_s in gaps_s:
        clock.advance(gap_s)
        count = capture.garbage
        camera.put(NO_PICTURE)
        wait_until(lambda: capture.garbage > count)  # noqa: B023  (waits here)


def test_only_garbage_is_a_loss_and_after_10_s_another_opening(
    record: Record, clock: Clock
) -> None:
    camera = ScriptedCamera(fps=1000.0)
    recorded = record(camera, ScriptedCamera(), stall_s=STALL_S)
    garbage(recorded.capture, camera, clock, 0.1, 9.8)
    recorded.read_until(lambda: bool(recorded.calls))
    camera.put("frame")  # the next key frame of a stream that was just opened
    recorded.read()
    assert recorded.calls == [f"{SILENT}, but: no picture", "back"]
    garbage(recorded.capture, camera, clock, 9.9)
    assert recorded.opened == 1
    garbage(recorded.capture, camera, clock, 0.2)
    wait_until(lambda: recorded.opened == 2)
    assert recorded.capture.garbage == 4
    assert camera.closed


def test_garbage_between_frames_is_no_loss(record: Record, clock: Clock) -> None:
    """For longer in all than makes a stall."""
    camera = ScriptedCamera(fps=1000.0)
    recorded = record(camera, stall_s=1.0)
    for _ in range(60):
        garbage(recorded.capture, camera, clock, 0.3)
        camera.put("frame")
        recorded.read()
    assert recorded.calls == []
    assert recorded.opened == 1


# the thread


def test_there_is_one_thread_however_often_the_camera_is_lost(record: Record) -> None:
    recorded = record(*[ScriptedCamera(OUT) for _ in range(5)], FIRST_PAUSE_S=0.001)
    wait_until(lambda: recorded.opened > 7)
    assert len(capture_threads()) == 1
    recorded.close()
    assert not capture_threads()


def test_close_ends_the_wait_between_attempts(record: Record) -> None:
    camera = ScriptedCamera("frame", OUT)
    recorded = record(camera, FIRST_PAUSE_S=60.0)
    wait_until(lambda: camera.closed)
    recorded.close()
    assert not capture_threads()
    assert camera.released == [0]
    recorded.close()


def test_close_closes_a_camera_that_works_and_releases_its_last_frame(record: Record) -> None:
    camera = ScriptedCamera("frames")
    recorded = record(camera)
    wait_until(lambda: camera.frames > 3)
    recorded.close()
    assert camera.closed
    assert camera.released == list(range(camera.frames))
    assert not capture_threads()


def test_close_does_not_wait_for_ever_for_a_camera_that_hangs(record: Record) -> None:
    camera = ScriptedCamera("hang")
    recorded = record(camera, CLOSE_S=0.1)
    started = time.monotonic()
    recorded.close()
    assert time.monotonic() - started < SOON_S
    (thread,) = capture_threads()
    assert thread.daemon
    camera.go_on.set()
    wait_until(lambda: not thread.is_alive())
    assert camera.released == [0]
