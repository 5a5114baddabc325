"""The service in a thread of this process: its camera is a file, its manager a real socket."""

from __future__ import annotations

import json
import re
import threading
import time
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory

from edge.cameras.capture import Capture
from edge.errors import CameraError, ConfigError, LeakError, may_pass
from edge.service.board import Health
from edge.settings.load import load_configuration
from edge.values import Event
from tests.conftest import ROOT
from tests.edge.outputs.harness import EventLog
from tests.edge.service.running_service import SOON_LOST, Serve, put
from tests.waiting import holds, wait_until

# Ready and alive


class Blocker(EventLog):
    """A listener that keeps the pipeline from going on at events of this name."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.blocks, self.goes_on = threading.Event(), threading.Event()

    def __call__(self, event: Event) -> None:
        super().__call__(event)
        if event.name == self._name:
            self.blocks.set()
            self.goes_on.wait(10.0)


def test_ready_after_the_first_processed_frame(serve: Serve) -> None:
    blocker = Blocker("face_found")
    served = serve(events=blocker)
    assert blocker.blocks.wait(5.0)
    assert served.manager.messages == []
    blocker.goes_on.set()
    served.wait_ready()
    assert served.manager.messages[0] == "READY=1"
    assert served.manager.count("RELOADING=1") == 0
    served.end()
    assert served.manager.messages[-1] == "STOPPING=1"
    assert served.manager.count("READY=1") == 1


def test_frames_feed_the_watchdog_and_a_pipeline_that_hangs_does_not(serve: Serve) -> None:
    blocker = Blocker("smile_on")
    served = serve(events=blocker)
    wait_until(lambda: served.manager.fed >= 4)
    put(served.camera, "smile")
    assert blocker.blocks.wait(5.0)
    fed, frames = served.manager.fed, served.frames
    assert holds(lambda: (served.manager.fed, served.frames) == (fed, frames), 0.4)
    blocker.goes_on.set()
    wait_until(lambda: served.manager.fed > fed)


@pytest.mark.parametrize(("how", "why"), [("", "unplugged"), ("garbage", "no frame for 0.2 s")])
def test_a_lost_camera_feeds_the_watchdog_as_long_as_its_driver_answers(
    serve: Serve, how: str, why: str
) -> None:
    served = serve("plain", SOON_LOST)
    served.wait_ready()
    if how:
        put(served.camera, how)
    else:
        served.camera.unlink()
    served.wait_for("camera_lost")
    fed, frames = served.manager.fed, served.frames
    wait_until(lambda: served.manager.fed >= fed + 4)
    assert served.frames == frames
    status = [message for message in served.manager.messages if "STATUS" in message]
    assert why in status[0]
    put(served.camera, "plain")
    served.wait_for_frames()
    assert served.events.names.count("camera_back") == 1
    assert served.manager.count("READY=1") == 1


def test_a_camera_whose_driver_hangs_does_not_feed_the_watchdog(serve: Serve) -> None:
    served = serve("plain", SOON_LOST, hung_s=0.5)
    served.wait_ready()
    camera = served.service.camera
    assert isinstance(camera, Capture)
    put(served.camera, "hang")
    served.wait_for("camera_lost")
    fed = served.manager.fed
    wait_until(lambda: served.manager.fed > fed)  # it may take its time, but not for long
    wait_until(lambda: camera.hung_s > 1.0)
    fed = served.manager.fed
    assert holds(lambda: served.manager.fed == fed, 0.4)
    put(served.camera, "plain")
    served.wait_for_frames()
    wait_until(lambda: served.manager.fed > fed)


def test_the_longest_a_camera_may_be_silent_is_shorter_than_the_watchdogs_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing feeds the watchdog before the camera counts as lost."""
    unit = (ROOT / "systemd" / "smile-gate.service").read_text()
    watchdog_s = float(unit.partition("WatchdogSec=")[2].split()[0])
    monkeypatch.setenv("SMILE_GATE_CAMERA__STALL_S", str(0.75 * watchdog_s))  # fed four times
    with pytest.raises(ConfigError, match=r"stall_s: expected .* <= "):
        load_configuration(None)


# A camera that is missing at the start


def test_without_a_manager_a_missing_camera_is_refused(serve: Serve, pins: MockFactory) -> None:
    with pytest.raises(CameraError, match="unplugged"):
        serve("", managed=False)
    assert pins.pin(17).function == "input"  # free again
    assert "output photo" not in {thread.name for thread in threading.enumerate()}


def test_with_a_manager_a_missing_camera_is_waited_for(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    served = serve("")
    wait_until(lambda: served.manager.count("EXTEND_TIMEOUT_USEC=30000000") >= 3)
    assert served.manager.count("READY=1") == 0
    report = served.service.report()
    assert [report["camera_lost"]] == report["faults"] == [f"v4l2:{served.camera}: unplugged"]
    lost, fault = served.events
    assert (lost.name, fault.facts["fault"]) == ("camera_lost", "camera")
    assert fault.time == pytest.approx(lost.time, abs=0.5)
    assert caplog.text == ""  # the listener that logs events says it, once
    put(served.camera, "plain")
    served.wait_ready()
    assert served.service.report()["faults"] == []


@pytest.mark.parametrize("source", ["v4l3:/dev/video0", "file:gone.mp4", "picamera2:x", "v4l2:"])
def test_what_can_never_be_there_is_not_waited_for(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.setenv("SMILE_GATE_CAMERA__SOURCE", source)
    with pytest.raises(CameraError, match=source):
        serve()


# Memory


@pytest.mark.parametrize("shown", ["plain", ""])
def test_a_service_that_holds_too_much_memory_ends_with_its_pins_safe(
    serve: Serve, pins: MockFactory, shown: str
) -> None:
    served = serve(shown, memory_mb=1.0)
    wait_until(lambda: served.error is not None)
    assert isinstance(served.error, LeakError)
    assert may_pass(served.error)
    assert re.fullmatch(r"expected to hold at most 1 MB of memory, got \d+ MB", str(served.error))
    wait_until(lambda: pins.pin(17).function == "input")
    assert served.frames <= 1


def test_without_a_manager_that_would_start_it_again_memory_is_not_checked(serve: Serve) -> None:
    served = serve(managed=False, memory_mb=1.0)
    served.wait_for_frames(10)
    assert served.error is None


# Heat


def test_fewer_frames_are_processed_while_it_is_hot_and_that_is_no_stall(
    serve: Serve, board: dict[str, Health]
) -> None:
    served = serve("plain", SOON_LOST, ("[trigger]", "[board]\nhot_fps = 2\n[trigger]"))
    served.wait_ready()
    board["now"] = Health(90.0, None)
    wait_until(lambda: served.service.board.hot)
    served.wait_for_frames(1)
    started = time.monotonic()
    served.wait_for_frames(4)
    assert time.monotonic() - started > 4 / 3.0
    assert "stalled" not in {event.facts.get("fault") for event in served.events}
    board["now"] = Health(60.0, None)
    served.wait_for_frames(10)


def test_a_file_is_played_as_fast_as_it_can_however_hot_it_is(
    serve: Serve, board: dict[str, Health], tmp_path: Path
) -> None:
    board["now"] = Health(90.0, None)
    demo = (f"v4l2:{tmp_path / 'camera'}", "demo")
    served = serve("", demo, ("[trigger]", "[board]\nhot_fps = 1\n[trigger]"))
    wait_until(lambda: served.frames == 120, 20.0)
    assert served.service.board.hot


# The report


def test_the_report_is_json_of_what_is_going_on(serve: Serve, board: dict[str, Health]) -> None:
    served = serve("smile")
    served.wait_for("fired")
    board["now"] = Health(55.5, 0x50005)
    wait_until(lambda: served.service.report()["temperature_c"] == 55.5)
    report = json.loads(json.dumps(served.service.report()))
    assert set(report) == {
        "version", "source", "uptime_s", "frames", "fps", "faces", "firings", "last_firing_s_ago",
        "camera_lost", "dropped", "frame_ms", "model_on", "faults", "warnings", "temperature_c",
        "memory_mb", "at", "device", "armed", "disarmed_by", "until",
    }  # fmt: skip
    assert report["firings"] == 1
    assert report["faces"][0]["score"] > 0.5
    assert report["frame_ms"] > 0.0
    assert len(report["warnings"]) == 2
    assert (report["camera_lost"], report["model_on"]) == ("", "CPU")
