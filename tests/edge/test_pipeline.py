"""The whole path: a clip goes in, a timed pulse comes out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from gpiozero.pins.mock import MockFactory
from msgspec.structs import replace
from numpy.typing import NDArray

from edge.cameras.camera import Camera
from edge.cameras.source import open_camera
from edge.errors import CameraError
from edge.faces.haar import HaarDetector
from edge.faces.tracker import FaceTracker
from edge.model.classifier import Classifier
from edge.outputs.group import Outputs
from edge.pipeline import Pipeline, Stages
from edge.settings import CameraSettings, Settings, ShutterSettings
from edge.trigger import Trigger
from edge.values import Event, Frame, Grey
from tests.conftest import lasted, write_video
from tests.waiting import wait_until

SHUTTER = {"photo": ShutterSettings(pin=17, pulse_s=0.15)}


def stages(classifier: Classifier) -> Stages:
    faces = Settings().faces
    return Stages(FaceTracker(HaarDetector(faces), faces), classifier, Trigger(Settings().trigger))


def play(
    camera: Camera,
    classifier: Classifier,
    stop: threading.Event | None = None,
    settings: Mapping[str, ShutterSettings] = SHUTTER,
    events: list[Event] | None = None,
    **how: Any,
) -> tuple[list[Event], Pipeline]:
    """Run a camera through to one shutter on GPIO 17; return the events and the pipeline."""
    events = [] if events is None else events
    outputs = Outputs(settings, events.append)
    pipeline = Pipeline(stages(classifier), camera=camera, outputs=outputs, listen=events.append)
    try:
        pipeline.run(stop or threading.Event(), **how)
    finally:
        outputs.close()
        camera.close()
    return events, pipeline


def play_file(clip: Path, classifier: Classifier) -> tuple[list[Event], Pipeline]:
    return play(open_camera(Settings(camera=CameraSettings(source=str(clip)))), classifier)


def test_a_smile_in_a_clip_is_one_pulse_on_a_pin(
    clip: Path, classifier: Classifier, pins: MockFactory
) -> None:
    events, pipeline = play_file(clip, classifier)
    by_name = {event.name: event for event in events}
    assert [event.name for event in events if event.name != "released"] == [
        "face_found",
        "smile_on",
        "fired",
        "smile_off",
    ]
    # The clip changes from the plain to the smiling portrait between 1.2 and 1.5 s and back
    # between 3.1 and 3.4 s; the hold is 0.3 s.
    assert 1.2 < by_name["smile_on"].time < 1.6
    assert by_name["fired"].time == pytest.approx(by_name["smile_on"].time + 0.3, abs=0.04)
    assert 3.1 < by_name["smile_off"].time < 3.5
    fired = dict(by_name["fired"].facts)
    assert float(fired.pop("score")) > 0.8
    assert fired == {"output": "photo", "pin": 17, "face": 1}
    assert lasted(by_name["released"].time - by_name["fired"].time, 0.15)

    states = pins.pin(17).states
    assert [state.state for state in states] == [False, True, False]
    assert lasted(states[2].timestamp, 0.15)  # since the rise
    assert pipeline.timings.frames == 120
    assert set(pipeline.timings.medians_ms()) == {
        "camera",
        "faces",
        "classifier",
        "trigger",
        "outputs",
        "frame",
    }


def test_a_clip_replays_to_the_same_events(clip: Path, classifier: Classifier) -> None:
    def decisions() -> list[Event]:
        events, _ = play_file(clip, classifier)
        return [event for event in events if event.name != "released"]

    assert decisions() == decisions()


@pytest.mark.parametrize("leave", [True, False])
def test_a_countdown_is_cancelled_when_the_last_face_is_lost(
    classifier: Classifier, collins: Grey, leave: bool
) -> None:
    pictures = [collins] * 20 + [np.zeros_like(collins) if leave else collins] * 20
    camera = Shown(frames_of(pictures), live=False)
    settings = {"photo": replace(SHUTTER["photo"], delay_s=1.0)}
    events, _ = play(camera, classifier, settings=settings)
    names = [event.name for event in events if event.facts.get("output")]
    assert names == ["countdown", *(["cancelled"] if leave else ["fired", "released"])]


class Shown:
    """A camera that gives these frames, and does what their iterator does meanwhile."""

    def __init__(self, frames: Iterable[Frame], *, live: bool = True, fps: float = 30.0) -> None:
        self.live = live
        self.fps = fps
        self._frames = iter(frames)

    def read(self) -> Frame | None:
        return next(self._frames, None)

    def close(self) -> None:
        pass


def frames_of(pictures: Iterable[Grey], fps: float = 30.0) -> list[Frame]:
    return [Frame(index, index / fps, picture) for index, picture in enumerate(pictures)]


def at(index: int, act: Callable[[], None], frames: Iterable[Frame]) -> Iterator[Frame]:
    """Yield frames, and act before one of them."""
    for frame in frames:
        if frame.index == index:
            act()
        yield frame


@pytest.mark.parametrize(
    "pictures",
    [
        np.full((4, 480, 640), 90, np.uint8),
        np.random.default_rng(7).integers(0, 256, (20, 16, 16)).astype(np.uint8),
    ],
    ids=["a wall", "noise in the smallest frames"],
)
def test_frames_without_a_face_have_no_events(
    classifier: Classifier, pins: MockFactory, pictures: NDArray[np.uint8]
) -> None:
    events, pipeline = play(Shown(frames_of(pictures), live=False), classifier)
    assert (events, pipeline.timings.frames) == ([], len(pictures))
    pins.pin(17).assert_states([False])


@pytest.mark.parametrize(
    "error",
    [CameraError("v4l2:0: the camera stopped delivering", "v4l2:0"), ZeroDivisionError("ours")],
)
def test_a_camera_that_fails_during_a_pulse_leaves_the_pin_safe(
    demo_frames: list[Frame], classifier: Classifier, pins: MockFactory, error: Exception
) -> None:
    def until_fired() -> Iterator[Frame]:
        yield from (frame for frame in demo_frames if 1.4 < frame.time < 2.0)
        raise error

    with pytest.raises(type(error), match=str(error)):
        play(Shown(until_fired()), classifier)
    pins.pin(17).assert_states([False, True, False])


def test_a_camera_that_hangs_leaves_the_pin_safe_until_it_goes_on(
    demo_frames: list[Frame], classifier: Classifier, pins: MockFactory
) -> None:
    """It hangs while the pulse is under way, until the stall is reported."""
    events: list[Event] = []

    def hang() -> None:
        hung_at = time.monotonic()
        wait_until(lambda: not pins.pin(17).state)
        assert time.monotonic() - hung_at < 0.5
        wait_until(lambda: "fault" in [event.name for event in events])

    camera = Shown(at(58, hang, demo_frames[:66]))
    outputs = {"photo": ShutterSettings(pin=17, pulse_s=3.0)}
    play(camera, classifier, stall_s=0.3, settings=outputs, events=events)
    names = [event.name for event in events if event.name in {"fired", "fault", "fault_over"}]
    assert names == ["fired", "fault", "fault_over"]


def test_frames_whose_size_changes_are_processed(
    demo_frames: list[Frame], classifier: Classifier
) -> None:
    """A face is known when the picture shrinks so that its box lies outside."""
    pictures = []
    for n, frame in enumerate(demo_frames[:60]):
        size = [(640, 480), (16, 16), (320, 240), (1280, 720), (17, 300)][n // 4 % 5]
        pictures.append(np.asarray(cv2.resize(frame.grey, size), np.uint8))
    events, pipeline = play(Shown(frames_of(pictures)), classifier)
    assert pipeline.timings.frames == 60
    assert "face_found" in [event.name for event in events]


def test_a_4k_clip_is_processed(
    demo_frames: list[Frame], classifier: Classifier, tmp_path: Path
) -> None:
    large = []
    for frame in demo_frames[:12]:
        enlarged = cv2.resize(frame.grey, (2880, 2160))
        wide = cv2.copyMakeBorder(enlarged, 0, 0, 480, 480, cv2.BORDER_REPLICATE)
        large.append(Frame(frame.index, frame.time, np.asarray(wide, np.uint8)))
    clip = tmp_path / "large.avi"
    write_video(clip, large, "MJPG")
    events, pipeline = play_file(clip, classifier)
    assert pipeline.timings.frames == 12
    assert [event.name for event in events] == ["face_found"]


class Lending(Shown):
    """A camera with a single buffer, which it lends to each frame."""

    def __init__(self, frames: int, fps: float = 30.0) -> None:
        super().__init__(frames_of([np.zeros((48, 64), np.uint8)] * frames, fps), live=False)
        self.lent = False
        self.released = 0

    def read(self) -> Frame | None:
        assert not self.lent
        frame = super().read()
        self.lent = frame is not None
        return frame and replace(frame, give_back=self._take_back)

    def _take_back(self) -> None:
        assert self.lent
        self.lent = False
        self.released += 1


def test_each_frame_is_released_once_before_what_follows_it_and_the_next_is_read(
    classifier: Classifier,
) -> None:
    camera = Lending(5)
    released: list[int] = []
    play(camera, classifier, after_frame=lambda: released.append(camera.released))
    assert released == [1, 2, 3, 4, 5]
    assert camera.released == 5


def test_nothing_is_processed_after_a_stop_while_waiting_for_a_frames_time(
    classifier: Classifier,
) -> None:
    camera, stop = Lending(5, fps=0.1), threading.Event()
    threading.Timer(0.3, stop.set).start()
    _, pipeline = play(camera, classifier, stop, realtime=True)
    assert (pipeline.timings.frames, camera.released) == (1, 2)


def test_stop_ends_the_run_without_waiting_for_the_pulse(
    demo_frames: list[Frame], classifier: Classifier, pins: MockFactory
) -> None:
    stop = threading.Event()
    play(Shown(at(58, stop.set, demo_frames)), classifier, stop)
    pins.pin(17).assert_states([False, True, False])


def test_a_recorded_source_goes_on_at_its_pace_when_run_again(
    demo_frames: list[Frame], classifier: Classifier
) -> None:
    """As after a reload: there is no wait for the time of the frames before."""
    stop = threading.Event()
    camera = Shown(at(61, stop.set, demo_frames[:66]), live=False)
    outputs = Outputs({}, lambda _: None)
    pipeline = Pipeline(stages(classifier), camera=camera, outputs=outputs, listen=lambda _: None)
    pipeline.run(stop, realtime=False)
    before = pipeline.timings.frames
    stop.clear()
    started = time.monotonic()
    pipeline.run(stop, realtime=True)
    assert pipeline.timings.frames > before + 2
    assert 0.1 < time.monotonic() - started < 1.5
    outputs.close()
