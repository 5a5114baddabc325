"""The service in a thread of this process: its camera is a file, its manager a real socket."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory

from edge.cameras.capture import Capture
from edge.errors import CameraError, ConfigError
from edge.model.classifier import Classifier
from edge.service.board import Health
from edge.service.monitor import Monitor
from edge.service.service import Service
from edge.settings.tables import to_settings
from tests.edge.service.serving import SOON_LOST, Serve, Served, put
from tests.waiting import wait_until

# Ready and alive


def test_ready_after_the_first_judged_frame(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    may, judging = threading.Event(), threading.Event()
    monitor = Monitor.judged

    def judge(self: Monitor, scores: Any) -> None:
        judging.set()
        may.wait(10.0)
        monitor(self, scores)

    monkeypatch.setattr(Monitor, "judged", judge)
    served = serve()
    assert judging.wait(5.0)
    assert served.manager.told == []
    may.set()
    served.wait_ready()
    assert served.manager.told[0] == "READY=1"
    assert served.manager.count("RELOADING=1") == 0
    served.end()
    assert served.manager.told[-1] == "STOPPING=1"
    assert served.manager.count("READY=1") == 1


def test_frames_feed_the_watchdog_and_a_classifier_that_hangs_does_not(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, goes_on = threading.Event(), threading.Event()
    score = Classifier.score

    def hang(*arguments: Any) -> Any:
        if hangs.is_set():
            goes_on.wait(10.0)
        return score(*arguments)

    monkeypatch.setattr(Classifier, "score", hang)
    served = serve()
    wait_until(lambda: served.manager.fed >= 4)
    hangs.set()
    time.sleep(0.3)
    fed, frames = served.manager.fed, served.frames
    time.sleep(0.4)
    assert (served.manager.fed, served.frames) == (fed, frames)
    hangs.clear()
    goes_on.set()
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
    wait_until(lambda: "camera_lost" in served.heard.names)
    fed, frames = served.manager.fed, served.frames
    wait_until(lambda: served.manager.fed >= fed + 4)
    assert served.frames == frames
    status = [message for message in served.manager.told if "STATUS" in message]
    assert why in status[0]
    put(served.camera, "plain")
    served.wait_for_frames()
    assert served.heard.names.count("camera_back") == 1
    assert served.manager.count("READY=1") == 1


def test_a_camera_whose_driver_hangs_does_not_feed_the_watchdog(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Service, "HUNG_S", 0.5)
    served = serve("plain", SOON_LOST)
    served.wait_ready()
    camera = served.service.camera
    assert isinstance(camera, Capture)
    put(served.camera, "hang")
    wait_until(lambda: "camera_lost" in served.heard.names)
    fed = served.manager.fed
    wait_until(lambda: served.manager.fed > fed)  # it may take its time, but not for long
    wait_until(lambda: camera.hung_s > 1.0)
    fed = served.manager.fed
    time.sleep(0.4)
    assert served.manager.fed == fed
    put(served.camera, "plain")
    served.wait_for_frames()
    wait_until(lambda: served.manager.fed > fed)


def test_the_longest_a_camera_may_be_silent_is_shorter_than_the_watchdogs_time() -> None:
    """Nothing feeds it before the camera counts as lost."""
    unit = (Path(__file__).parents[3] / "systemd" / "smile-gate.service").read_text()
    watchdog_s = float(unit.partition("WatchdogSec=")[2].split()[0])
    longest_s = 20.0
    with pytest.raises(ConfigError, match=rf"<= {longest_s}"):
        to_settings({"camera": {"stall_s": longest_s + 0.1}}, Path())
    to_settings({"camera": {"stall_s": longest_s}}, Path())
    assert longest_s + watchdog_s / 4 < watchdog_s


def test_pins_are_safe_while_the_camera_is_lost(serve: Serve, pins: MockFactory) -> None:
    served = serve("smile")
    served.configure(("pulse_s = 0.05", "pulse_s = 8"), ("hold_s", "cooldown_s = 9\nhold_s"))
    served.reload()
    wait_until(lambda: bool(pins.pin(17).state))
    served.camera.unlink()
    wait_until(lambda: not pins.pin(17).state, 2.0)
    wait_until(lambda: bool(served.service.report()["camera_lost"]))
    assert served.service.report()["faults"] == [f"v4l2:{served.camera}: unplugged"]
    lost = next(one for one in served.heard if one.name == "camera_lost")
    fault = next(one for one in served.heard if one.facts.get("fault") == "camera")
    assert fault.time == pytest.approx(lost.time, abs=0.5)


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
    assert served.service.report()["camera_lost"] == f"v4l2:{served.camera}: unplugged"
    lost, fault = served.heard
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


# Heat


def rate(served: Served, seconds: float = 0.8) -> float:
    frames, started = served.frames, time.monotonic()
    time.sleep(seconds)
    return (served.frames - frames) / (time.monotonic() - started)


def test_fewer_frames_are_judged_while_it_is_hot_and_that_is_no_stall(
    serve: Serve, board: dict[str, Health]
) -> None:
    served = serve("plain", SOON_LOST, ("[trigger]", "[board]\nhot_fps = 2\n[trigger]"))
    served.wait_ready()
    board["now"] = Health(90.0, None)
    wait_until(lambda: served.service._board.hot)
    served.wait_for_frames(1)
    assert rate(served, 1.6) <= 3.0
    assert "stalled" not in {event.facts.get("fault") for event in served.heard}
    board["now"] = Health(60.0, None)
    served.wait_for_frames(10)


def test_a_file_is_played_as_fast_as_it_can_however_hot_it_is(
    serve: Serve, board: dict[str, Health], tmp_path: Path
) -> None:
    board["now"] = Health(90.0, None)
    demo = (f"v4l2:{tmp_path / 'camera'}", "demo")
    served = serve("", demo, ("[trigger]", "[board]\nhot_fps = 1\n[trigger]"))
    wait_until(lambda: served.frames == 120, 20.0)
    assert served.service._board.hot


# Telling


def test_the_report_is_json_of_what_is_going_on(serve: Serve, board: dict[str, Health]) -> None:
    served = serve("smile")
    wait_until(lambda: "fired" in served.heard.names)
    board["now"] = Health(55.5, 0x50005)
    wait_until(lambda: served.service.report()["temperature_c"] == 55.5)
    report = json.loads(json.dumps(served.service.report()))
    assert set(report) == {
        "version", "source", "uptime_s", "frames", "fps", "faces", "firings", "last_firing_s_ago",
        "camera_lost", "dropped", "frame_ms", "model_on", "faults", "warnings", "temperature_c",
        "memory_mb",
    }  # fmt: skip
    assert report["firings"] == 1
    assert report["faces"][0]["score"] > 0.5
    assert report["frame_ms"] > 0.0
    assert len(report["warnings"]) == 2
    assert (report["camera_lost"], report["model_on"]) == ("", "CPU")
