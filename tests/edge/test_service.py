"""The service in a thread of this process: its camera is a file, its manager a real socket."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from gpiozero import DigitalOutputDevice
from gpiozero.pins.mock import MockFactory

from edge import config
from edge import service as module
from edge.board import BoardWatch, Health
from edge.cameras.capture import Capture
from edge.classifier import Classifier
from edge.errors import CameraError, ConfigError, OutputError
from edge.frames import Frame
from edge.outputs import Outputs
from edge.service import Service
from edge.settings import SHIPPED_BUNDLE
from edge.status import StatusServer, ask
from edge.telemetry.monitor import Monitor
from tests.edge.outputs.acting import levels, wait_until
from tests.edge.serving import FileCamera, Served, open_files_as_cameras, put

Serve = Callable[..., Served]
SOON_LOST = ("stall_s = 2.0", "stall_s = 0.2")


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> dict[str, Health]:
    """What the board's sensors give ``now``."""
    readings = {"now": Health(None, None)}
    monkeypatch.setattr(BoardWatch, "EVERY_S", 0.01)
    monkeypatch.setattr(module, "BoardWatch", partial(BoardWatch, read=lambda: readings["now"]))
    return readings


@pytest.fixture
def serve(
    tmp_path: Path,
    demo_frames: list[Frame],
    monkeypatch: pytest.MonkeyPatch,
    board: dict[str, Health],  # noqa: ARG001  (asked for its effect)
) -> Iterator[Serve]:
    open_files_as_cameras(monkeypatch.setattr)
    FileCamera.show(demo_frames)
    started: list[Served] = []

    def start(shown: str = "plain", *changes: tuple[str, str], managed: bool = True) -> Served:
        started.append(Served(tmp_path, shown, changes, managed=managed))
        return started[-1]

    yield start
    for one in started:
        one.end()


@pytest.fixture
def served(serve: Serve) -> Served:
    one = serve()
    one.wait_ready()
    return one


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
    unit = (Path(__file__).parents[2] / "systemd" / "smile-gate.service").read_text()
    watchdog_s = float(unit.partition("WatchdogSec=")[2].split()[0])
    longest_s = 20.0
    with pytest.raises(ConfigError, match=rf"<= {longest_s}"):
        config._settings({"camera": {"stall_s": longest_s + 0.1}}, Path())
    config._settings({"camera": {"stall_s": longest_s}}, Path())
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


# Reload


def test_takes_new_outputs(serve: Serve, pins: MockFactory) -> None:
    served = serve()
    served.wait_ready()
    served.configure(("pin = 17", "pin = 22"))
    served.reload()
    assert pins.pin(17).function == "input"
    put(served.camera, "smile")
    wait_until(lambda: levels(pins.pin(22))[:4] == [0, 0, 1, 0] or 1 in levels(pins.pin(22)))
    fired = next(event for event in served.heard if event.name == "fired")
    assert fired.facts["pin"] == 22
    assert served.manager.count("RELOADING=1") == 1


def test_takes_a_new_trigger(served: Served) -> None:
    served.configure(("hold_s = 0.1", "hold_s = 60"))
    served.reload()
    put(served.camera, "smile")
    wait_until(lambda: "smile_on" in served.heard.names)
    served.wait_for_frames(10)
    assert "fired" not in served.heard.names
    served.configure()
    served.reload()
    wait_until(lambda: "fired" in served.heard.names)


def test_takes_a_new_camera(served: Served) -> None:
    other = served.folder / "other"
    put(other, "plain")
    served.configure((str(served.camera), str(other)))
    served.reload()
    served.camera.unlink()
    served.wait_for_frames(20)
    assert served.heard.names.count("camera_lost") == 0
    assert served.service.report()["source"] == f"v4l2:{other}"


def test_a_new_camera_ends_the_loss_of_the_one_before(served: Served) -> None:
    other = served.folder / "other"
    put(other, "plain")
    served.camera.unlink()
    wait_until(lambda: "camera_lost" in served.heard.names)
    served.configure((str(served.camera), str(other)), ("pin = 17", "pin = 22"))
    served.reload()
    served.wait_for_frames()
    told = [name for name in served.heard.names if name.startswith("camera")]
    assert told == ["camera_lost", "camera_back"]
    report = served.service.report()
    assert (report["camera_lost"], report["faults"]) == ("", [])
    assert served.heard.names[-1] == "fault_over" or "face_found" in served.heard.names


def test_new_outputs_know_that_the_camera_is_lost(served: Served) -> None:
    served.camera.unlink()
    wait_until(lambda: "camera_lost" in served.heard.names)
    served.configure(("pin = 17", "pin = 22"))
    served.reload()
    assert served.service.outputs.faults == [f"v4l2:{served.camera}: unplugged"]
    put(served.camera, "plain")
    served.wait_for_frames()
    assert served.service.outputs.faults == []
    assert served.heard.names.count("fault_over") == 1


def bundle(served: Served, change: Callable[[dict[str, Any]], object]) -> Path:
    folder = Path(shutil.copytree(SHIPPED_BUNDLE, served.folder / "bundle", dirs_exist_ok=True))
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


MODEL = '\n[model]\nbundle = "bundle"\n'


def model_of(served: Served) -> str:
    return str(served.service.pipeline._classifier.manifest.name)


def test_takes_a_new_model_that_lies_where_the_old_one_was(served: Served) -> None:
    bundle(served, lambda manifest: manifest.update(name="first"))
    served.configure(more=MODEL)
    served.reload()
    assert model_of(served) == "first"
    bundle(served, lambda manifest: manifest.update(name="second"))
    served.reload()
    assert model_of(served) == "second"
    served.wait_for_frames()


def test_takes_a_new_temperature(served: Served, board: dict[str, Health]) -> None:
    board["now"] = Health(51.0, None)
    served.configure(more="\n[board]\nhot_c = 50\n")
    served.reload()
    wait_until(lambda: served.service._board.hot)


def test_a_smile_that_was_fired_for_is_not_fired_for_again(serve: Serve) -> None:
    served = serve("smile")
    wait_until(lambda: "fired" in served.heard.names)
    told = list(served.heard.names)
    served.configure(("pin = 17", "pin = 22"))
    for _ in range(3):
        served.reload()
        served.wait_for_frames(20)
    assert set(served.heard.names[len(told) :]) <= {"released"}


def test_a_signal_makes_the_outputs_of_now_safe(serve: Serve, pins: MockFactory) -> None:
    """From another thread, whatever this service is doing."""
    served = serve("plain", ("pulse_s = 0.05", "pulse_s = 9"), ("hold_s", "cooldown_s = 9\nhold_s"))
    served.wait_ready()
    text = served.config.read_text()
    put(served.config, text.replace("pin = 17", "pin = 22"))
    served.reload()
    put(served.camera, "smile")
    wait_until(lambda: bool(pins.pin(22).state))
    served.stopper.first_act()
    assert not pins.pin(22).state


# A reload that is refused


def nonsense(served: Served) -> None:
    put(served.config, "=")


def unknown_key(served: Served) -> None:
    served.configure(more="\n[faces]\nmin_face = 1")


def no_file(served: Served) -> None:
    served.config.unlink()


def busy_pin(served: Served) -> None:
    held = DigitalOutputDevice(22)
    served.heard.held = held  # type: ignore[attr-defined]
    served.configure(("pin = 17", "pin = 22"), ("hold_s = 0.1", "hold_s = 0.2"))


def camera_after_outputs(served: Served) -> None:
    served.configure(("pin = 17", "pin = 22"), (str(served.camera), str(served.camera) + "x"))


def missing_camera(served: Served) -> None:
    served.configure((str(served.camera), str(served.camera) + "x"))


def wrong_hash(served: Served) -> None:
    folder = bundle(served, lambda _: None)
    with (folder / "smilenet.tflite").open("ab") as file:
        file.write(b"x")
    served.configure(more=MODEL)


def wrong_self_test(served: Served) -> None:
    bundle(served, lambda m: m.update(self_test=[1.0 - score for score in m["self_test"]]))
    served.configure(more=MODEL)


def unforeseen(served: Served) -> None:
    def load() -> Any:
        raise ZeroDivisionError("unforeseen")

    served.service._load = load


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (nonsense, "expected TOML"),
        (unknown_key, "faces.min_face: expected a key among"),
        (no_file, "No such file"),
        (busy_pin, "expected GPIO 22 to be usable"),
        (camera_after_outputs, "camerax: unplugged"),
        (missing_camera, "camerax: unplugged"),
        (wrong_hash, "expected SHA-256"),
        (wrong_self_test, "expected the scores of its self-test"),
        (unforeseen, "unforeseen"),
    ],
)
def test_bad_news_is_refused_and_the_old_goes_on(
    served: Served,
    pins: MockFactory,
    caplog: pytest.LogCaptureFixture,
    bad: Callable[[Served], None],
    message: str,
) -> None:
    before, model = served.service.settings, model_of(served)
    bad(served)
    served.reload()
    assert served.error is None
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert caplog.messages[0].startswith("not reloaded, it goes on as before: ")
    assert message in caplog.messages[0]
    assert bool(caplog.records[0].exc_info and caplog.records[0].exc_info[0]) == (bad is unforeseen)
    assert message in next(told for told in served.manager.told if "STATUS" in told)
    assert (served.service.settings, model_of(served)) == (before, model)
    put(served.camera, "smile")
    wait_until(lambda: "fired" in served.heard.names)
    wait_until(lambda: levels(pins.pin(17))[-2:] == [1, 0])
    assert served.heard[-1].facts.get("pin", 17) == 17
    assert 1 not in levels(pins.pin(22))
    served.manager.told.clear()
    assert served.service.report()["faults"] == []


def test_a_refusal_after_the_outputs_were_exchanged_takes_them_back(
    served: Served, pins: MockFactory
) -> None:
    camera_after_outputs(served)
    served.reload()
    served.wait_for_frames()
    assert pins.pin(22).function == "input"
    assert pins.pin(17).function == "output"


def test_a_lost_camera_comes_back_after_a_refusal(served: Served) -> None:
    served.camera.unlink()
    wait_until(lambda: "camera_lost" in served.heard.names)
    missing_camera(served)
    served.reload()
    wait_until(lambda: served.heard.names.count("camera_lost") == 2)
    put(served.camera, "plain")
    served.wait_for_frames()
    told = [name for name in served.heard.names if name.startswith("camera")]
    assert told == ["camera_lost", "camera_back"] * 2
    assert served.service.report()["faults"] == []


def test_pins_that_cannot_be_had_again_end_the_run(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Outputs:
        raise OutputError("taken", "photo", 17)

    monkeypatch.setattr(module, "Outputs", refuse)
    served.configure(("pin = 17", "pin = 22"))
    served.reload()
    wait_until(lambda: served.error is not None)
    assert isinstance(served.error, OutputError)


# Again and again


def resources() -> tuple[int, int]:
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


def test_fifty_reloads_leak_nothing_and_miss_less_than_a_second(
    served: Served, pins: MockFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = served.folder / "other"
    put(other, "plain")
    bundle(served, lambda manifest: manifest.update(name="other"))
    judged_at: list[float] = []
    judged = Monitor.judged

    def note(self: Monitor, scores: Any) -> None:
        judged_at.append(time.monotonic())
        judged(self, scores)

    monkeypatch.setattr(Monitor, "judged", note)
    new = [("pin = 17", "pin = 22"), (str(served.camera), str(other)), ("0.1", "0.2")]
    with closing(StatusServer(served.folder / "s", served.service.report)) as status:
        before = resources()
        for index in range(50):
            if index % 4 == 2:  # and in the end nothing but the trigger
                served.configure(*new, more=MODEL)
            else:
                served.configure(("0.1", f"0.1{index:02}"))
            served.reload()
            frames = ask(served.folder / "s")["frames"]
            assert frames > 0
        served.wait_for_frames()
        wait_until(lambda: resources() == before)
        status.close()
    gaps = [after - one for one, after in pairwise(judged_at)]
    assert sorted(gaps)[-5] < 1.0  # a busy machine pauses now and then
    assert served.manager.count("RELOADING=1") == 50
    assert served.service.pipeline.timings.frames >= served.frames - 1  # gone on with
    assert levels(pins.pin(17)).count(1) == levels(pins.pin(22)).count(1) == 0


def test_ten_camera_losses_leak_nothing(served: Served) -> None:
    before = resources()
    for _ in range(10):
        losses = served.heard.names.count("camera_lost")
        served.camera.unlink()
        wait_until(lambda n=losses: served.heard.names.count("camera_lost") > n)  # type: ignore[misc]
        put(served.camera, "plain")
        served.wait_for_frames()
    wait_until(lambda: resources() == before)
    assert served.heard.names.count("camera_back") == 10


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
        "camera_lost", "dropped", "frame_ms", "faults", "warnings", "temperature_c",
    }  # fmt: skip
    assert report["firings"] == 1
    assert report["faces"][0]["score"] > 0.5
    assert report["frame_ms"] > 0.0
    assert len(report["warnings"]) == 2
    assert report["camera_lost"] == ""
