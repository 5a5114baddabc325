from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory

import benchmarks.__main__ as benchmarks
from benchmarks.measure import footprint
from benchmarks.measure.footprint import cpu_s, memory_mb, run_command
from benchmarks.simulate.cameras import SceneCamera
from benchmarks.simulate.pins import ForgetfulPin
from benchmarks.simulate.scenes import WALKING, Scene
from edge.errors import CameraError


def test_processor_time_is_that_of_the_process() -> None:
    assert cpu_s(os.getpid()) == pytest.approx(time.process_time(), abs=0.1)


def test_memory_of_no_process_is_an_error() -> None:
    now = memory_mb("VmRSS")
    assert memory_mb("VmHWM") >= now > 10
    with pytest.raises(ProcessLookupError, match="VmXYZ"):
        memory_mb("VmXYZ")


def test_the_command_is_measured_on_a_face() -> None:
    found = run_command(1.0)
    assert found["ready_s"] > 0
    assert found["cpu_per_s"] > 0
    assert found["peak_memory_mb"] > 30


def test_a_clip_without_a_face_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footprint, "WALKING", Scene(0))
    with pytest.raises(CameraError, match="expected a face"):
        run_command(0.1)


def test_a_scene_camera_shows_its_scene_again_and_again() -> None:
    camera = SceneCamera(WALKING, 0.1)
    frames = [camera.read() for _ in range(7)]
    greys = [frame.grey for frame in frames if frame is not None]
    assert len(greys) == 7
    assert (greys[0] == greys[3]).all()
    assert not (greys[0] == greys[2]).all()


def test_a_forgetful_pin_works_and_keeps_no_history() -> None:
    pin = MockFactory(pin_class=ForgetfulPin).pin("GPIO17")
    pin.function = "output"
    for level in (1, 0, 1):
        pin.state = level
    assert pin.state
    assert len(pin.states) == 1


def test_endurance_prints_and_keeps_its_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["endurance", "--minutes", "0.01", "--json", str(tmp_path / "figures.json")]
    assert benchmarks.main(arguments) == 0
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert 10 < figures["early_mb"] <= figures["late_mb"] + 50
    assert figures["frames"] > 0
    assert f"{figures['frames']:,} frames" in capsys.readouterr().out
