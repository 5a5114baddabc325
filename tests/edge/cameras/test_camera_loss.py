"""A service whose network camera is lost, and comes back; and commands that read a few frames."""

from __future__ import annotations

import time
from collections.abc import Iterator
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
from edge.values import Frame
from tests.edge.cameras.scripted_camera import NO_PICTURE, ScriptedCamera
from tests.edge.service.running_service import Serve, Served
from tests.waiting import wait_until

PHOTO, LAMP = 17, 16
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
def server(demo_frames: list[Frame]) -> Iterator[MjpegServer]:
    """Shows one smile, with the plain face before and after it."""
    with closing(MjpegServer([frame.grey for frame in demo_frames[20:]])) as server:
        yield server


@pytest.fixture
def watch(dimmable: MockFactory, serve: Serve, tmp_path: Path) -> Serve:  # noqa: ARG001
    """Return a function that runs a service with the camera at a URL."""

    def start(url: str, **timing: float) -> Served:
        return serve(
            "",
            (f"v4l2:{tmp_path}/camera", url),
            ("stall_s = 2.0", "stall_s = 1.0"),
            ("hold_s", "cooldown_s = 3\nhold_s"),
            ("pulse_s = 0.05", f"pulse_s = 3\n[outputs.lamp]\nkind='indicator'\nled_pin={LAMP}"),
            managed=False,
            open_camera=partial(open_captured, timing=CaptureTiming(**timing)),  # type: ignore[arg-type]
        )

    return start


def test_a_camera_that_dies_and_returns(
    watch: Serve, server: MjpegServer, demo_frames: list[Frame], dimmable: MockFactory
) -> None:
    served = watch(server.url, first_pause_s=0.2)
    photo, lamp = dimmable.pin(PHOTO), dimmable.pin(LAMP)

    def wait_for(name: str, count: int = 1) -> None:
        wait_until(lambda: served.events.names.count(name) >= count, SLOW)

    wait_until(lambda: photo.state == 1, SLOW)
    server.close()
    wait_for("fault")
    assert photo.state == 0
    wait_until(lambda: lamp.state == 1, SLOW)  # it blinks
    with closing(MjpegServer([frame.grey for frame in demo_frames[20:]], server.port)):
        wait_for("fired", 2)
    wait_for("fault", 2)
    started = time.monotonic()
    served.end()
    assert time.monotonic() - started < 3.0  # an attempt to open the camera may be under way
    assert served.error is None
    assert served.camera_events == ["camera_lost", "camera_back", "camera_lost"]
    lost = next(event for event in served.events if event.name == "camera_lost")
    assert lost.facts["reason"] == f"{server.url}: the stream ended"
    faults = [event for event in served.events if event.name.startswith("fault")]
    assert [(event.name, event.facts["fault"]) for event in faults] == [
        ("fault", "camera"),
        ("fault_over", "camera"),
        ("fault", "camera"),
    ]
    assert faults[0].facts["reason"] == lost.facts["reason"]
    assert faults[0].time == pytest.approx(lost.time, abs=0.5)
    assert [state.state for state in photo.states] == [0, 1, 0, 1, 0]


def test_the_clock_of_a_loss_before_the_first_frame_is_the_frames(
    watch: Serve, server: MjpegServer, dimmable: MockFactory
) -> None:
    before = time.monotonic()
    served = watch(server.url, fresh=0.0)  # no frame is given
    camera = served.service.camera
    assert isinstance(camera, Capture)
    wait_until(lambda: camera.dropped > 3, SLOW)
    server.close()
    wait_until(lambda: "fault" in served.events.names, SLOW)
    served.end()
    times = [event.time for event in served.events]
    assert times == sorted(times)
    assert times[0] >= before
    assert dimmable.pin(PHOTO).state == 0


# commands that read a few frames

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
