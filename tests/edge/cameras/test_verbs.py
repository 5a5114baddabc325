"""Verbs that read a camera: what they say when it cannot be read, and that it is released."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from edge.cameras.capture import open_captured
from edge.cameras.source import open_camera
from edge.errors import CameraError
from edge.settings import CameraSettings, Settings
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


@pytest.mark.parametrize(
    "spec", [b"{}", b"file:{}", b"v4l2:{}", b"http://127.0.0.1/{}", b"rtsp://\xff:pw@h/"]
)
@pytest.mark.parametrize(
    "verb", [("run", "--source"), ("replay", "--truth", "{truth}"), ("calibrate", "--source")]
)
def test_bytes_that_opencv_takes_for_no_text_are_one_line(
    smile_gate: Any, tmp_path: Path, verb: tuple[str, ...], spec: bytes
) -> None:
    (clip := tmp_path / os.fsdecode(b"b\xff.mp4")).touch()
    (truth := tmp_path / "truth.json").write_text('{"smiles": []}')
    source = os.fsdecode(spec.replace(b"{}", os.fsencode(clip)))
    words = [word.replace("{truth}", str(truth)) for word in verb]
    code, out, err = smile_gate(*words, source)
    assert (code, out) == (2, "")
    shown = CameraSettings(source=source).shown_source.encode(errors="backslashreplace").decode()
    assert err == f"smile-gate: {shown}: expected a source in UTF-8, got other bytes\n"


def test_images_of_a_folder_are_found_whatever_its_name(portraits: Path, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"m\xfcnchen")
    folder.symlink_to(portraits)
    for source in (f"images:{folder}@5", str(folder)):
        with closing(open_camera(Settings(camera=CameraSettings(source=source)))) as camera:
            assert camera.read() is not None
