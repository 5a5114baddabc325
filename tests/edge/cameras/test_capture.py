"""The thread that keeps a camera's newest frame and opens a lost camera again."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterator

import pytest

from edge.cameras.capture import Capture
from edge.errors import CameraError
from tests.edge.cameras.scripted import NO_PICTURE, SOON_S, STALL_S, Scripted, Watched
from tests.waiting import wait_until

Watch = Callable[..., Watched]


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    monkeypatch.setattr(Capture, "FIRST_PAUSE_S", 0.15)  # longer than a reader's look
    made: list[Watched] = []

    def start(*cameras: Scripted, **settings: float) -> Watched:
        made.append(Watched(*cameras, **settings))
        return made[-1]

    yield start
    for one in made:
        one.end()


# the newest frame


def test_a_slow_reader_gets_the_newest_frame_and_the_others_are_counted(watch: Watch) -> None:
    camera = Scripted(fps=1.0)
    watched = watch(camera)
    camera.give(5)
    assert watched.read().index == 4
    camera.give(2)
    assert watched.read().index == 6
    assert watched.capture.dropped == 5


def test_a_frame_is_given_once(watch: Watch) -> None:
    camera = Scripted(fps=1.0)
    watched = watch(camera)
    camera.give()
    assert watched.read().index == 0
    camera.give_soon()
    assert watched.read().index == 1
    assert watched.capture.dropped == 0


def test_a_frame_that_waited_for_too_long_is_not_given(watch: Watch) -> None:
    camera = Scripted(fps=5.0)
    watched = watch(camera)
    camera.give()
    time.sleep(1.6 / camera.fps)
    camera.give_soon()
    assert watched.read().index == 1
    assert watched.capture.dropped == 1
    assert watched.told == []


def test_a_frame_that_waited_for_half_a_frame_time_is_given(watch: Watch) -> None:
    camera = Scripted(fps=1.0)
    watched = watch(camera)
    camera.give()
    time.sleep(0.5)
    assert watched.read().index == 0


def test_no_frame_is_held_while_the_next_is_waited_for(watch: Watch) -> None:
    camera = Scripted(fps=1.0)
    watched = watch(camera)
    camera.give()
    gone = weakref.ref(watched.read().grey)
    assert gone() is None


def test_an_old_frame_is_not_held_either(watch: Watch) -> None:
    camera = Scripted(fps=10.0)
    watched = watch(camera)
    camera.give()
    assert watched.capture._newest is not None
    gone = weakref.ref(watched.capture._newest.grey)
    time.sleep(1.6 / camera.fps)
    watched.read_until(lambda: watched.capture.dropped == 1 and gone() is None)


# a camera that is lost


def test_a_failure_is_told_at_once_and_once_with_its_reason(watch: Watch) -> None:
    camera = Scripted()
    watched = watch(camera)
    camera.put(CameraError("it was pulled out", ""))
    started = time.monotonic()
    watched.read_until(lambda: bool(watched.told))
    assert time.monotonic() - started < SOON_S
    # Later tries fail for another reason.
    watched.read_until(lambda: watched.opened > 2)
    assert watched.told == ["it was pulled out"]


def test_a_stall_is_told_within_its_time_out_and_its_end(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Capture, "FRESH", 100.0)
    camera = Scripted()
    watched = watch(camera, stall_s=STALL_S)
    camera.give()
    came = time.monotonic()
    watched.read()
    camera.put("hang")
    watched.read_until(lambda: bool(watched.told))
    assert STALL_S - 0.1 < time.monotonic() - came < STALL_S + SOON_S
    assert watched.told == ["no frame for 0.4 s"]
    assert watched.opened == 1  # the driver has the thread
    camera.go_on.set()
    assert watched.read().index == 1
    assert watched.told == ["no frame for 0.4 s", ""]


def test_the_moment_of_a_stall_is_not_missed_by_a_look_now_and_then(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Capture, "POLL_S", 60.0)
    watched = watch(Scripted("hang"), stall_s=STALL_S)
    reader = threading.Thread(target=watched.capture.read, daemon=True)
    reader.start()
    wait_until(lambda: watched.told == ["no frame for 0.4 s"])
    watched._cameras[0].go_on.set()
    reader.join(SOON_S)
    assert not reader.is_alive()


def test_a_reader_does_not_spin_while_the_camera_is_lost(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = watch(Scripted("hang"), stall_s=STALL_S)
    watched.read_until(lambda: bool(watched.told))
    looks: list[float] = []
    wait_for = watched.capture._changed.wait_for

    def look(condition: Callable[[], bool], wait_s: float) -> bool:
        looks.append(wait_s)
        return wait_for(condition, wait_s)

    monkeypatch.setattr(watched.capture._changed, "wait_for", look)
    started = time.monotonic()
    watched.read_until(lambda: time.monotonic() - started > 0.3)
    assert set(looks) == {Capture.POLL_S}


def test_three_frame_times_are_no_stall(watch: Watch) -> None:
    watched = watch(Scripted(fps=2.0), stall_s=0.2)
    assert watched.capture._stall_s == pytest.approx(1.5)


def test_it_is_told_once_that_the_camera_is_back(watch: Watch) -> None:
    second = Scripted(fps=1.0)
    watched = watch(Scripted(CameraError("out", "")), second)
    watched.read_until(lambda: watched.told == ["out"])
    for index in range(3):
        second.give_soon()
        assert watched.read().index == index
    started = time.monotonic()
    watched.read_until(lambda: time.monotonic() - started > 2.5 * Capture.POLL_S)
    assert watched.told == ["out", ""]


def test_it_can_be_lost_again(watch: Watch) -> None:
    second = Scripted(fps=1.0)
    watched = watch(Scripted(CameraError("out", "")), second)
    watched.read_until(lambda: watched.told == ["out"])
    second.give_soon()
    watched.read()
    second.put(CameraError("out again", ""))
    watched.read_until(lambda: watched.told == ["out", "", "out again"])


def test_a_lost_camera_is_closed_before_it_is_opened_again(watch: Watch) -> None:
    first = Scripted(CameraError("out", ""))
    watched = watch(first, Scripted())
    wait_until(lambda: watched.opened == 2)
    assert first.closed


def test_the_end_of_a_stream_is_a_loss(watch: Watch) -> None:
    watched = watch(Scripted("end"), Scripted())
    watched.read_until(lambda: watched.told == ["the camera has no more frames"])


def test_an_error_of_ours_is_a_loss_and_no_dead_thread(watch: Watch) -> None:
    second = Scripted(fps=1.0)
    watched = watch(Scripted(ZeroDivisionError("oh")), second)
    watched.read_until(lambda: watched.told == ["ZeroDivisionError: oh"])
    second.give_soon()
    watched.read()
    assert watched.told[-1] == ""


def test_the_rate_is_that_of_the_camera_that_is_open(watch: Watch) -> None:
    watched = watch(Scripted(CameraError("out", ""), fps=10.0), Scripted(fps=5.0))
    assert watched.capture.fps == 10.0
    wait_until(lambda: watched.capture.fps == 5.0)


def test_the_reason_of_a_failure_is_told_though_nobody_read_for_long(watch: Watch) -> None:
    watched = watch(Scripted(CameraError("out", "")), stall_s=STALL_S)
    time.sleep(STALL_S + 0.05)
    watched.read_until(lambda: bool(watched.told))
    assert watched.told[0] in {"out", "none left"}


# the pauses between tries


def test_each_pause_is_twice_the_one_before_up_to_the_longest(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Capture, "FIRST_PAUSE_S", 1.0)
    camera = Scripted()
    watched = watch(camera)
    watched.note_pauses()
    camera.put(CameraError("out", ""))
    wait_until(lambda: len(watched.pauses) > 7)
    assert watched.pauses[:7] == [1, 2, 4, 8, 16, 30, 30]


@pytest.mark.parametrize(("good_s", "second"), [(0.04, 1.0), (60.0, 2.0)])
def test_the_pauses_begin_anew_after_frames_for_some_time(
    watch: Watch, monkeypatch: pytest.MonkeyPatch, good_s: float, second: float
) -> None:
    monkeypatch.setattr(Capture, "FIRST_PAUSE_S", 1.0)
    monkeypatch.setattr(Capture, "GOOD_S", good_s)
    first, again = Scripted(), Scripted()
    watched = watch(first, again)
    watched.note_pauses()
    first.put(CameraError("out", ""))
    wait_until(lambda: watched.opened == 2)
    time.sleep(0.05)
    again.put("frame", CameraError("out", ""))
    wait_until(lambda: len(watched.pauses) > 1)
    assert watched.pauses[:2] == [1.0, second]


def test_a_camera_that_takes_long_to_fail_was_not_good(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Capture, "FIRST_PAUSE_S", 1.0)
    monkeypatch.setattr(Capture, "GOOD_S", 0.04)
    first, silent = Scripted(), Scripted()
    watched = watch(first, silent)
    watched.note_pauses()
    first.put(CameraError("out", ""))
    wait_until(lambda: watched.opened == 2)
    time.sleep(0.05)
    silent.put(CameraError("no answer", ""))
    wait_until(lambda: len(watched.pauses) > 1)
    assert watched.pauses[:2] == [1.0, 2.0]


# garbage


def test_a_single_picture_that_is_none_is_counted_and_no_loss(watch: Watch) -> None:
    watched = watch(Scripted(NO_PICTURE, "frame"))
    assert watched.read().index == 0
    assert watched.capture.garbage == 1
    assert watched.told == []
    assert watched.opened == 1


def test_nothing_but_garbage_is_a_loss(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Capture, "PATIENCE_S", 0.6)
    camera = Scripted(*[NO_PICTURE] * 100, fps=50.0)
    watched = watch(camera, Scripted(), stall_s=STALL_S)
    watched.read_until(lambda: watched.opened == 2)
    assert watched.told == ["no frame for 0.4 s, but: no picture"]
    assert 2 < watched.capture.garbage < 100
    assert camera.closed


def test_garbage_between_frames_is_no_loss(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """For longer in all than makes a stall."""
    monkeypatch.setattr(Capture, "FRESH", 100.0)
    camera = Scripted(*(NO_PICTURE, "frame") * 60, fps=50.0)
    watched = watch(camera, stall_s=1.0)
    while watched.capture.garbage < 60:
        watched.read()
    assert watched.told == []
    assert watched.opened == 1


def test_a_picture_after_some_garbage_needs_no_other_opening(watch: Watch) -> None:
    """As of a stream that was opened between two key frames."""
    camera = Scripted(*[NO_PICTURE] * 50, fps=50.0)
    watched = watch(camera, stall_s=STALL_S)
    watched.read_until(lambda: watched.capture.garbage == 50)
    camera.give_soon()
    watched.read()
    assert watched.told == ["no frame for 0.4 s, but: no picture", ""]
    assert watched.opened == 1


def test_garbage_before_a_frame_is_not_named_at_a_later_stall(watch: Watch) -> None:
    watched = watch(Scripted(NO_PICTURE, "frame", "hang"), stall_s=STALL_S)
    watched.read()
    watched.read_until(lambda: bool(watched.told))
    assert watched.told == ["no frame for 0.4 s"]


# the thread


def threads() -> int:
    return sum(thread.name == "capture" for thread in threading.enumerate())


def test_there_is_one_thread_however_often_the_camera_is_lost(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Capture, "FIRST_PAUSE_S", 0.001)
    watched = watch(*[Scripted(CameraError("out", "")) for _ in range(5)])
    wait_until(lambda: watched.opened > 7)
    assert threads() == 1
    watched.capture.close()
    assert threads() == 0


def test_stop_ends_a_read_at_once(watch: Watch) -> None:
    watched = watch(Scripted())
    threading.Timer(0.05, watched.stop.set).start()
    started = time.monotonic()
    assert watched.capture.read() is None
    assert time.monotonic() - started < SOON_S


def test_close_ends_the_wait_between_tries(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Capture, "FIRST_PAUSE_S", 60.0)
    camera = Scripted(CameraError("out", ""))
    watched = watch(camera)
    wait_until(lambda: camera.closed)
    watched.capture.close()
    assert threads() == 0
    watched.capture.close()


def test_close_closes_a_camera_that_works(watch: Watch) -> None:
    camera = Scripted()
    watched = watch(camera)
    threading.Timer(0.05, camera.put, ["frame"]).start()
    watched.capture.close()
    assert camera.closed
    assert threads() == 0


def test_close_does_not_wait_for_ever_for_a_camera_that_hangs(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Capture, "CLOSE_S", 0.1)
    watched = watch(Scripted("hang"))
    started = time.monotonic()
    watched.capture.close()
    assert time.monotonic() - started < SOON_S
    assert watched.capture._thread.is_alive()
    assert watched.capture._thread.daemon
