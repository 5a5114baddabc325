"""Whole commands whose camera is lost, and comes back."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPWMPin

from benchmarks.simulate.mjpeg_server import MjpegServer
from edge.cameras.camera import Camera
from edge.cameras.capture import Capture, CaptureTiming, open_captured
from edge.errors import CameraError
from edge.service.service import Service
from edge.service.signals import Stopper
from edge.settings import Settings
from edge.values import Frame, Grey
from tests.edge.cameras.scripted_camera import NO_PICTURE, ScriptedCamera
from tests.edge.cli.commands import records
from tests.edge.outputs.acting import wait_until

pytestmark = pytest.mark.usefixtures("default_signals")

PHOTO, LAMP = 22, 16
CONFIG = f"""
[camera]
source = "URL"
stall_s = 1.0
[trigger]
cooldown_s = 3
[outputs.photo]
kind = "shutter"
pin = {PHOTO}
pulse_s = 3
[outputs.lamp]
kind = "indicator"
led_pin = {LAMP}
"""
SLOW = 20.0
"""Seconds that a step may take where other work is going on."""


@pytest.fixture
def dimmable(pins: MockFactory) -> Iterator[MockFactory]:  # noqa: ARG001  (in their place)
    factory = MockFactory(pin_class=MockPWMPin)
    Device.pin_factory = factory
    yield factory
    factory.reset()
    Device.pin_factory = None


@pytest.fixture
def smile(demo_frames: list[Frame]) -> list[Grey]:
    """One smile, with the plain face before and after it."""
    return [frame.grey for frame in demo_frames[20:]]


def open_with(monkeypatch: pytest.MonkeyPatch, timing: CaptureTiming) -> list[Capture]:
    """Let the command open its camera with this timing; return a list that gets its captures."""
    captures: list[Capture] = []

    def open_timed(settings: Settings, **arguments: Any) -> Camera:
        camera = open_captured(settings, timing=timing, **arguments)
        assert isinstance(camera, Capture)
        captures.append(camera)
        return camera

    monkeypatch.setattr("edge.cli.run.Service", partial(Service, open_camera=open_timed))
    return captures


class Run:
    """``smile-gate run`` in the main thread, while another thread acts and ends it by SIGTERM."""

    def __init__(self, smile_gate: Any, config: Path, events: Path) -> None:
        self.events = events
        self._smile_gate = smile_gate
        self._arguments = ("run", "--config", config, "--events", events)

    def names(self) -> list[str]:
        events = records(self.events.read_text()) if self.events.exists() else []
        return [str(event["event"]) for event in events]

    def wait_for(self, name: str, count: int = 1) -> None:
        wait_until(lambda: self.names().count(name) >= count, SLOW)

    def play(self, act: Callable[[], None]) -> float:
        """Run until the act is over; return how long the end took, in seconds."""
        failures: list[BaseException] = []
        killed: list[float] = []

        def perform() -> None:
            try:
                act()
            except BaseException as failure:  # noqa: BLE001  (raised below)
                failures.append(failure)
            killed.append(time.monotonic())
            if not over.is_set():
                os.kill(os.getpid(), signal.SIGTERM)

        over = threading.Event()
        actor = threading.Thread(target=perform)
        actor.start()
        code, _, err = self._smile_gate(*self._arguments)
        over.set()
        ended = time.monotonic()
        assert code == 0, err
        actor.join()
        if failures:
            raise failures[0]
        return ended - killed[0]


def test_a_camera_that_dies_and_returns(
    smile_gate: Any,
    tmp_path: Path,
    dimmable: MockFactory,
    smile: list[Grey],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_with(monkeypatch, CaptureTiming(first_pause_s=0.2))
    monkeypatch.setattr(Stopper, "GRACE_S", 30.0)  # an attempt to open the camera may take long
    first = MjpegServer(smile)
    config = tmp_path / "c.toml"
    config.write_text(CONFIG.replace("URL", first.url))
    run = Run(smile_gate, config, tmp_path / "events.jsonl")
    photo, lamp = dimmable.pin(PHOTO), dimmable.pin(LAMP)

    def act() -> None:
        wait_until(lambda: photo.state == 1, SLOW)
        first.close()
        run.wait_for("camera_lost")
        assert photo.state == 0
        wait_until(lambda: lamp.state == 1, SLOW)  # it blinks
        with closing(MjpegServer(smile, first.port)):
            run.wait_for("fired", 2)
        run.wait_for("camera_lost", 2)

    assert run.play(act) < 3.0  # a try to open the camera may be under way
    assert [name for name in run.names() if name.startswith("camera")] == [
        "camera_lost",
        "camera_back",
        "camera_lost",
    ]
    events = records(run.events.read_text())
    lost = next(event for event in events if event["event"] == "camera_lost")
    assert lost["reason"] == f"{first.url}: the stream ended"
    faults = [event for event in events if event["event"].startswith("fault")]
    assert [(event["event"], event["fault"]) for event in faults] == [
        ("fault", "camera"),
        ("fault_over", "camera"),
        ("fault", "camera"),
    ]
    assert faults[0]["reason"] == lost["reason"]
    assert faults[0]["time"] == pytest.approx(lost["time"], abs=0.5)
    assert [state.state for state in photo.states] == [0, 1, 0, 1, 0]


def test_the_clock_of_a_loss_before_the_first_frame_is_the_frames(
    smile_gate: Any,
    tmp_path: Path,
    dimmable: MockFactory,
    smile: list[Grey],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = MjpegServer(smile)
    config = tmp_path / "c.toml"
    config.write_text(CONFIG.replace("URL", server.url))
    run = Run(smile_gate, config, tmp_path / "events.jsonl")
    before = time.monotonic()

    captures = open_with(monkeypatch, CaptureTiming(fresh=0.0))  # no frame is given

    def act() -> None:
        wait_until(lambda: bool(captures) and captures[0].dropped > 3, SLOW)
        server.close()
        run.wait_for("camera_lost")

    run.play(act)
    times = [event["time"] for event in records(run.events.read_text())]
    assert times == sorted(times)
    assert times[0] >= before
    assert dimmable.pin(PHOTO).state == 0


# verbs that read a few frames

SNAPSHOT = """
[camera]
source = "v4l2:0"
[outputs.album]
kind = "snapshot"
folder = "album"
"""


def show(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``fire`` and ``calibrate`` open this camera."""
    open_it = partial(open_captured, open_source=lambda _: camera)
    monkeypatch.setattr("edge.cli.outputs.open_captured", open_it)
    monkeypatch.setattr("edge.cli.diagnose.open_captured", open_it)


@pytest.mark.parametrize("verb", [("fire", "album"), ("calibrate", "--seconds", "0.2")])
def test_a_camera_that_is_lost_ends_them_with_one_line(
    smile_gate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: tuple[str, ...]
) -> None:
    config = tmp_path / "c.toml"
    config.write_text(SNAPSHOT)
    camera = ScriptedCamera(CameraError("v4l2:0: the camera stopped delivering", "v4l2:0"))
    show(camera, monkeypatch)
    code, _, err = smile_gate(*verb, "--config", config)
    assert (code, err) == (2, "smile-gate: v4l2:0: the camera stopped delivering\n")
    assert camera.closed


def test_a_first_picture_that_is_none_spoils_no_snapshot(
    smile_gate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "c.toml"
    config.write_text(SNAPSHOT)
    camera = ScriptedCamera(NO_PICTURE, "frame", "end", fps=1.0)
    show(camera, monkeypatch)
    code, _, err = smile_gate("fire", "album", "--config", config)
    assert (code, err) == (0, "")
    assert list((tmp_path / "album").glob("*.jpg"))
