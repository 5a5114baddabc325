"""Whole commands whose camera dies, and returns."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPWMPin

from benchmarks.simulate.mjpeg_server import MjpegServer
from edge.cameras import capture
from edge.cameras.capture import Capture
from edge.errors import CameraError
from edge.service.signals import Stopper
from edge.values import Frame, Grey
from tests.edge.cameras.scripted import NO_PICTURE, Scripted
from tests.edge.cli.commands import records
from tests.waiting import wait_until

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


class Run:
    """A run in the main thread, with a play in another one, which ends it by SIGTERM."""

    def __init__(self, smile_gate: Any, config: Path, events: Path) -> None:
        self.events = events
        self._smile_gate = smile_gate
        self._arguments = ("run", "--config", config, "--events", events)

    def names(self) -> list[str]:
        told = records(self.events.read_text()) if self.events.exists() else []
        return [str(event["event"]) for event in told]

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
    monkeypatch.setattr(Capture, "FIRST_PAUSE_S", 0.2)
    monkeypatch.setattr(Stopper, "GRACE_S", 30.0)
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

    def act() -> None:
        time.sleep(1.0)
        server.close()
        run.wait_for("camera_lost")

    monkeypatch.setattr(Capture, "FRESH", 0.0)  # none is taken
    run.play(act)
    times = [event["time"] for event in records(run.events.read_text())]
    assert times == sorted(times)
    assert times[0] >= before
    assert dimmable.pin(PHOTO).state == 0


# verbs that look for a moment

SNAPSHOT = """
[camera]
source = "v4l2:0"
[outputs.album]
kind = "snapshot"
folder = "album"
"""


@pytest.mark.parametrize("verb", [("fire", "album"), ("calibrate", "--seconds", "0.2")])
def test_a_camera_that_is_lost_ends_them_with_one_line(
    smile_gate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: tuple[str, ...]
) -> None:
    config = tmp_path / "c.toml"
    config.write_text(SNAPSHOT)
    camera = Scripted(CameraError("v4l2:0: the camera stopped delivering", "v4l2:0"))
    monkeypatch.setattr(capture, "open_camera", lambda _: camera)
    code, _, err = smile_gate(*verb, "--config", config)
    assert (code, err) == (2, "smile-gate: v4l2:0: the camera stopped delivering\n")
    assert camera.closed


def test_a_first_picture_that_is_none_spoils_no_snapshot(
    smile_gate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "c.toml"
    config.write_text(SNAPSHOT)
    camera = Scripted(NO_PICTURE, "frame", "end", fps=1.0)
    monkeypatch.setattr(capture, "open_camera", lambda _: camera)
    code, _, err = smile_gate("fire", "album", "--config", config)
    assert (code, err) == (0, "")
    assert list((tmp_path / "album").glob("*.jpg"))
