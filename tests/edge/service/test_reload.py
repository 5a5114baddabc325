"""Reloads, taken and refused, once and many times; and many camera losses."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from gpiozero import DigitalOutputDevice
from gpiozero.pins.mock import MockFactory

from edge.errors import OutputError
from edge.service.board import Health
from edge.service.monitor import Monitor
from edge.service.outputs_file import write_outputs
from edge.service.status_socket import StatusServer, ask
from edge.settings import SHIPPED_BUNDLE
from tests.edge.outputs.harness import levels
from tests.edge.service.running_service import LONG_PULSE, PIN_22, Serve, Served, put
from tests.waiting import wait_until


def test_takes_new_outputs_which_a_signal_makes_safe(serve: Serve, pins: MockFactory) -> None:
    served = serve("plain", *LONG_PULSE)
    served.wait_ready()
    served.reload(*LONG_PULSE, PIN_22)
    assert pins.pin(17).function == "input"
    put(served.camera, "smile")
    wait_until(lambda: bool(pins.pin(22).state))
    served.stopper.on_stop()  # from another thread, whatever the service is doing
    assert not pins.pin(22).state
    fired = next(event for event in served.events if event.name == "fired")
    assert fired.facts["pin"] == 22
    assert served.manager.count("RELOADING=1") == 1


def test_takes_a_new_trigger(served: Served) -> None:
    served.reload(("hold_s = 0.1", "hold_s = 60"))
    put(served.camera, "smile")
    served.wait_for("smile_on")
    served.wait_for_frames(10)
    assert "fired" not in served.events.names
    served.configure()
    served.reload()
    served.wait_for("fired")


def test_a_new_camera_ends_the_loss_of_the_one_before(served: Served) -> None:
    served.unplug()
    served.reload(served.plug_in_other("plain"), PIN_22)
    served.wait_for_frames()
    assert served.camera_events == ["camera_lost", "camera_back"]
    report = served.service.report()
    assert (report["camera_lost"], report["faults"]) == ("", [])
    assert served.events.names[-1] == "fault_over" or "face_found" in served.events.names


def test_new_outputs_know_that_the_camera_is_lost(served: Served) -> None:
    served.unplug()
    served.reload(PIN_22)
    assert served.service.outputs.faults == [f"v4l2:{served.camera}: unplugged"]
    put(served.camera, "plain")
    served.wait_for_frames()
    assert served.service.outputs.faults == []
    assert served.events.names.count("fault_over") == 1


def bundle(served: Served, change: Callable[[dict[str, Any]], object]) -> Path:
    folder = Path(shutil.copytree(SHIPPED_BUNDLE, served.folder / "bundle", dirs_exist_ok=True))
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


MODEL = '\n[model]\nbundle = "bundle"\n'


def model_of(served: Served) -> str:
    return str(served.service.stages.classifier.manifest.name)


def test_takes_a_new_model_that_lies_where_the_old_one_was(served: Served) -> None:
    bundle(served, lambda manifest: manifest.update(name="first"))
    served.reload(more=MODEL)
    assert model_of(served) == "first"
    bundle(served, lambda manifest: manifest.update(name="second"))
    served.reload()
    assert model_of(served) == "second"
    served.wait_for_frames()


def test_takes_a_new_temperature(served: Served, board: dict[str, Health]) -> None:
    board["now"] = Health(51.0, None)
    served.reload(more="\n[board]\nhot_c = 50\n")
    wait_until(lambda: served.service.board.hot)


@pytest.fixture
def smiling(serve: Serve) -> Served:
    """A gate that has seen a smile and fired."""
    served = serve("smile")
    served.wait_for("fired")
    return served


def test_whom_a_new_camera_does_not_show_has_gone(smiling: Served) -> None:
    other = smiling.plug_in_other("plain")
    smiling.reload(other)
    smiling.camera.unlink()
    wait_until(lambda: "face_found" in smiling.since_reload.names)
    events = smiling.since_reload
    assert events.names[:3] == ["smile_off", "face_lost", "face_found"]
    assert [event.facts["face"] for event in events if "face" in event.name] == [1, 1]
    times = [event.time for event in events]
    assert times == sorted(times)
    smiling.wait_for_frames(20)
    assert smiling.camera_events == []
    assert smiling.service.report()["source"] == f"v4l2:{other[1]}"


def test_whom_other_face_settings_forget_has_gone(smiling: Served) -> None:
    smiling.reload(more="\n[faces]\nscan_s = 0.4\n")
    assert smiling.since_reload.names[:2] == ["smile_off", "face_lost"]


def test_a_smile_is_over_for_a_new_trigger_and_its_face_is_not_lost(smiling: Served) -> None:
    smiling.reload(("hold_s = 0.1", "hold_s = 0.2"))
    wait_until(lambda: "smile_on" in smiling.since_reload.names)
    assert smiling.since_reload.names[0] == "smile_off"
    assert not {"face_lost", "face_found"} & set(smiling.since_reload.names)


def test_outputs_follow_the_end_of_a_smile_that_a_reload_makes(
    serve: Serve, pins: MockFactory
) -> None:
    """The gate stays open for a smile; the camera to come gives no frame that would end it."""
    gate = (
        ("pulse_s = 0.05", "open_s = 0.1\nmax_open_s = 60"),
        ('"shutter"', '"gate"'),
        ("stall_s = 2.0", "stall_s = 20.0"),  # it is not the stall that closes it
    )
    served = serve("smile", *gate)
    wait_until(lambda: bool(pins.pin(17).state))
    served.wait_for_frames(6)
    assert pins.pin(17).state
    served.configure(served.plug_in_other("garbage"), *gate)
    served.stopper.wake.set()
    served.wait_for("face_lost")
    wait_until(lambda: not pins.pin(17).state)


def test_a_smile_that_was_fired_for_is_not_fired_for_again(smiling: Served) -> None:
    for _ in range(3):
        smiling.reload(PIN_22)
        smiling.wait_for_frames(20)
        assert not smiling.since_reload


# A reload that is refused


NO_CAMERA = ("/camera", "/nowhere")


def busy_pin(served: Served) -> None:
    held = DigitalOutputDevice(22)
    served.events.held = held  # type: ignore[attr-defined]
    served.configure(PIN_22, ("hold_s = 0.1", "hold_s = 0.2"))


def wrong_hash(served: Served) -> None:
    folder = bundle(served, lambda _: None)
    with (folder / "smilenet.tflite").open("ab") as file:
        file.write(b"x")
    served.configure(more=MODEL)


def wrong_self_test(served: Served) -> None:
    bundle(served, lambda m: m.update(self_test=[1.0 - score for score in m["self_test"]]))
    served.configure(more=MODEL)


def unforeseen(served: Served) -> None:
    del served.config  # the function that reads the settings raises AttributeError


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (lambda served: put(served.config, "="), "expected TOML"),
        (lambda served: served.configure(("hold_s", "holds")), "holds: expected a key among"),
        (lambda served: served.config.unlink(), "No such file"),
        (busy_pin, "expected GPIO 22 to be usable"),
        (lambda served: served.configure(PIN_22, NO_CAMERA), "/nowhere: unplugged"),
        (lambda served: served.configure(NO_CAMERA), "/nowhere: unplugged"),
        (wrong_hash, "expected SHA-256"),
        (wrong_self_test, "expected the scores of its self-test"),
        (unforeseen, "no attribute 'config'"),
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
    assert message in next(line for line in served.manager.messages if "STATUS" in line)
    assert (served.service.settings, model_of(served)) == (before, model)
    put(served.camera, "smile")
    served.wait_for("fired")
    wait_until(lambda: levels(pins.pin(17))[-2:] == [1, 0])
    assert served.events[-1].facts.get("pin", 17) == 17
    assert 1 not in levels(pins.pin(22))
    served.manager.messages.clear()
    assert served.service.report()["faults"] == []


def test_a_refusal_after_the_outputs_were_replaced_takes_them_back_and_loses_no_face(
    smiling: Served, pins: MockFactory
) -> None:
    smiling.reload(PIN_22, NO_CAMERA)
    smiling.wait_for_frames(10)
    assert not smiling.since_reload
    assert pins.pin(22).function == "input"
    assert pins.pin(17).function == "output"


def test_a_lost_camera_comes_back_after_a_refusal(served: Served) -> None:
    served.unplug()
    served.reload(NO_CAMERA)
    served.wait_for("camera_lost", 2)
    put(served.camera, "plain")
    served.wait_for_frames()
    assert served.camera_events == ["camera_lost", "camera_back"] * 2
    assert served.service.report()["faults"] == []


def test_outputs_that_cannot_be_opened_again_end_the_run(serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    served = serve(record_outputs=partial(write_outputs, folder))
    served.wait_ready()
    shutil.rmtree(folder)
    served.reload(PIN_22)
    assert isinstance(served.error, OutputError)
    assert f"{folder}/outputs.json: expected a file to write to, got: No" in str(served.error)


# Again and again


def resources() -> tuple[int, int]:
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


def no_more_than(before: tuple[int, int]) -> bool:
    return all(now <= then for now, then in zip(resources(), before, strict=True))


def test_fifty_reloads_leak_nothing_and_miss_less_than_a_second(
    served: Served, pins: MockFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = served.plug_in_other("plain"), PIN_22, ("0.1", "0.2")
    bundle(served, lambda manifest: manifest.update(name="other"))
    frame_times: list[float] = []
    note_frame = Monitor.note_frame

    def note(self: Monitor, scores: Any) -> None:
        frame_times.append(time.monotonic())
        note_frame(self, scores)

    monkeypatch.setattr(Monitor, "note_frame", note)
    with closing(StatusServer(served.folder / "s", served.service.report)):
        before = resources()
        for index in range(50):
            if index % 4 == 2:  # and in the end nothing but the trigger
                served.reload(*new, more=MODEL)
            else:
                served.reload(("0.1", f"0.1{index:02}"))
            assert ask(served.folder / "s")["frames"] > 0
        served.wait_for_frames()
        wait_until(lambda: no_more_than(before))
    gaps = [later - earlier for earlier, later in pairwise(frame_times)]
    assert sorted(gaps)[-5] < 1.0  # a busy machine pauses now and then
    assert served.manager.count("RELOADING=1") == 50
    assert served.service.pipeline.timings.frames >= served.frames - 1  # continued
    assert levels(pins.pin(17)).count(1) == levels(pins.pin(22)).count(1) == 0


def test_ten_camera_losses_leak_nothing(served: Served) -> None:
    before = resources()
    for _ in range(10):
        served.unplug()
        put(served.camera, "plain")
        served.wait_for_frames()
    wait_until(lambda: no_more_than(before))
    assert served.events.names.count("camera_back") == 10
