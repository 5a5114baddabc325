"""Verbs that read a few frames of a live camera: ``fire`` and ``calibrate``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from edge.cameras.capture import open_captured
from edge.errors import CameraError
from tests.edge.cameras.harness import NO_PICTURE, ScriptedCamera

CONFIG = """
[camera]
source = "v4l2:0"
[outputs.album]
kind = "snapshot"
folder = "album"
"""

Call = Callable[..., tuple[int, str]]

FIRE = ("fire", "album")
CALIBRATE = ("calibrate", "--seconds", "0.2", "--pause", "0")


@pytest.fixture
def call(smile_gate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Return a function that calls a verb with this camera: (exit code, stderr)."""

    def run(camera: ScriptedCamera, verb: tuple[str, ...]) -> tuple[int, str]:
        open_it = partial(open_captured, open_source=lambda _: camera)
        monkeypatch.setattr("edge.cli.outputs.open_captured", open_it)
        monkeypatch.setattr("edge.cli.diagnose.open_captured", open_it)
        config = tmp_path / "c.toml"
        config.write_text(CONFIG)
        code, _, err = smile_gate(*verb, "--config", config)
        assert camera.closed
        assert sorted(camera.released) == list(range(camera.frames))
        return code, err

    return run


@pytest.mark.parametrize("verb", [FIRE, CALIBRATE])
def test_a_camera_that_is_lost_ends_them_with_one_line(call: Call, verb: tuple[str, ...]) -> None:
    camera = ScriptedCamera(CameraError("v4l2:0: the camera stopped delivering", "v4l2:0"))
    assert call(camera, verb) == (2, "smile-gate: v4l2:0: the camera stopped delivering\n")


def test_a_first_picture_that_is_none_spoils_no_snapshot(call: Call, tmp_path: Path) -> None:
    assert call(ScriptedCamera(NO_PICTURE, "frame", "end", fps=1.0), FIRE) == (0, "")
    assert list((tmp_path / "album").glob("*.jpg"))


def test_calibrate_releases_all_frames_and_needs_a_face(call: Call) -> None:
    code, err = call(ScriptedCamera("frames"), CALIBRATE)
    assert code == 2
    assert err.startswith("smile-gate: expected a face in at least ")
