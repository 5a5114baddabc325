"""A service whose network camera dies and returns, from the stream to the pin."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPWMPin

from benchmarks.simulate.mjpeg_server import MjpegServer
from edge.values import Frame
from tests.edge.service.running_service import Serve
from tests.waiting import wait_until

PHOTO, LAMP = 17, 16


@pytest.fixture
def dimmable(pins: MockFactory) -> Iterator[MockFactory]:  # noqa: ARG001  (in their place)
    factory = MockFactory(pin_class=MockPWMPin)
    Device.pin_factory = factory
    yield factory
    factory.reset()
    Device.pin_factory = None


def test_a_camera_that_dies_and_returns(
    dimmable: MockFactory, serve: Serve, demo_frames: list[Frame]
) -> None:
    smile = [frame.grey for frame in demo_frames[20:]]
    lamp_settings = f"pulse_s = 3\n[outputs.lamp]\nkind = 'indicator'\nled_pin = {LAMP}"
    photo, lamp = dimmable.pin(PHOTO), dimmable.pin(LAMP)
    with closing(MjpegServer(smile)) as server:
        url, port = server.url, server.port
        served = serve(
            "",
            ("source = ", f"source = '{url}' # "),
            ("stall_s = 2.0", "stall_s = 1.0"),
            ("hold_s", "cooldown_s = 3\nhold_s"),
            ("pulse_s = 0.05", lamp_settings),
            managed=False,
        )
        wait_until(lambda: photo.state == 1, 20.0)
    served.wait_for("fault")
    assert photo.state == 0
    wait_until(lambda: lamp.state == 1)  # it blinks
    with closing(MjpegServer(smile, port)):
        wait_until(lambda: served.events.names.count("fired") >= 2, 20.0)
    served.wait_for("fault", 2)
    started = time.monotonic()
    served.end()
    assert time.monotonic() - started < 3.0  # an attempt to open the camera may be under way
    assert served.error is None
    assert served.camera_events == ["camera_lost", "camera_back", "camera_lost"]
    lost = next(event for event in served.events if event.name == "camera_lost")
    assert lost.facts["reason"] == f"{url}: the stream ended"
    faults = [event for event in served.events if event.name.startswith("fault")]
    assert [event.name for event in faults] == ["fault", "fault_over", "fault"]
    assert {event.facts["fault"] for event in faults} == {"camera"}
    assert faults[0].time == pytest.approx(lost.time, abs=0.5)
    assert [state.state for state in photo.states] == [0, 1, 0, 1, 0]
