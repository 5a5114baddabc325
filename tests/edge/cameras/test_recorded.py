from __future__ import annotations

import logging
import re
import shutil
import struct
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.cameras.source import open_camera
from edge.errors import CameraError, ImageError
from edge.settings import CameraSettings, Settings
from edge.values import Frame
from tests.conftest import write_video
from tests.edge.cameras.containers import blank, hide, put_index_first, set_lengths
from tests.edge.cameras.harness import read
from tests.edge.cli.commands import records

Change = Callable[[Path], object]


def frames_of(source: str) -> list[Frame]:
    with closing(open_camera(Settings(camera=CameraSettings(source=source)))) as camera:
        return list(iter(camera.read, None))


@pytest.fixture
def plain_as(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes a video of 60 frames of noise, at 30 fps."""

    def write(name: str) -> Path:
        noise = np.random.default_rng(0).integers(0, 255, (60, 64, 64), np.uint8)
        codec = "VP80" if name.endswith(".webm") else "MJPG"
        write_video(tmp_path / name, [Frame(0, 0.0, picture) for picture in noise], codec)
        return tmp_path / name

    return write


@pytest.fixture
def plain(plain_as: Callable[[str], Path]) -> Path:
    return plain_as("plain.mp4")


@pytest.mark.parametrize("prefix", ["file:", ""])
def test_a_video_plays_whole_by_its_own_clock(
    clip: Path, demo_frames: list[Frame], prefix: str
) -> None:
    frames = frames_of(f"{prefix}{clip}")
    assert [frame.index for frame in frames] == list(range(len(demo_frames)))
    assert frames[45].time == pytest.approx(1.5)
    assert frames[0].grey.shape == (480, 640)
    assert frames[0].grey.dtype == np.uint8
    assert np.abs(frames[45].grey.astype(int) - demo_frames[45].grey).mean() < 8


@pytest.mark.parametrize(
    "source", ["2026-01-01T10:00:00.mp4", "file:2026-01-01T10:00:00.mp4", "~/a.mp4", "file:~/a.mp4"]
)
def test_names_with_a_colon_and_a_tilde_are_paths(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("2026-01-01T10:00:00.mp4", "a.mp4"):
        (tmp_path / name).symlink_to(clip)
    with closing(open_camera(Settings(camera=CameraSettings(source=source)))) as camera:
        assert read(camera).index == 0


@pytest.mark.parametrize("source", ["~/portraits", "images:~/portraits@5"])
def test_a_folder_may_be_below_the_home_folder(
    portraits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "portraits").symlink_to(portraits)
    assert len(frames_of(source)) == 2


def test_frames_of_different_lengths_have_the_times_that_the_container_says(
    plain: Path, caplog: pytest.LogCaptureFixture
) -> None:
    set_lengths(plain, [1.0] * 20 + [2.0] * 20 + [0.5] * 20)
    steps = np.diff([frame.time for frame in frames_of(str(plain))])
    assert steps * 30 == pytest.approx([1.0] * 20 + [2.0] * 20 + [0.5] * 19, abs=1e-6)
    assert caplog.messages == []


@pytest.mark.parametrize("lengths", [[0.0] * 60, [1.0] * 20 + [0.0] * 5 + [1.0] * 35])
def test_times_that_do_not_rise_are_counted_instead_and_told_once(
    plain: Path, caplog: pytest.LogCaptureFixture, lengths: list[float]
) -> None:
    set_lengths(plain, lengths)
    with closing(open_camera(Settings(camera=CameraSettings(source=str(plain))))) as camera:
        steps = np.diff([frame.time for frame in iter(camera.read, None)])
    assert min(steps) > 0
    assert steps[20:25] == pytest.approx(1 / camera.fps)
    assert len(caplog.messages) == 1
    assert re.fullmatch(
        rf"{plain}: frame \d+ has no later time than the frame before: "
        rf"such frames are timed by the rate, {camera.fps:g} frames per second",
        caplog.messages[0],
    )


def index_first(change: Change) -> Change:
    def both(path: Path) -> None:
        put_index_first(path)
        change(path)

    return both


def count_more(path: Path) -> None:
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.index(b"strh") + 8 + 32, 62)
    path.write_bytes(data)


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("name", "change", "few", "many"),
    [
        ("whole.mp4", lambda _: None, 60, 60),
        ("whole.mkv", lambda _: None, 60, 60),
        ("counted.avi", count_more, 60, 60),
        ("trimmed.mp4", partial(hide, start=0, length=57), 57, 57),
        ("trimmed.mp4", partial(hide, start=30, length=30), 30, 30),
        ("damaged.mp4", partial(blank, start=0.51, end=0.54), 57, 59),
        ("damaged.mp4", index_first(partial(blank, start=0.96, end=1.0)), 57, 59),
        ("damaged.avi", partial(blank, start=0.94, end=0.97), 57, 59),
    ],
)
def test_a_clip_that_plays_to_its_end_may_have_fewer_frames_than_promised(
    smile_gate: Any,
    plain_as: Callable[[str], Path],
    caplog: pytest.LogCaptureFixture,
    name: str,
    change: Change,
    few: int,
    many: int,
) -> None:
    clip = plain_as(name)
    change(clip)
    caplog.set_level(logging.INFO)
    code, _, err = smile_gate("run", "--source", clip)
    assert (code, err) == (0, "")
    *warnings, summary, _ = caplog.messages
    got = int(summary.split()[0])
    assert few <= got <= many
    promised = 62 if change is count_more else 60
    told = (
        f"{clip}: expected {promised} frames, got {got}: the rest is hidden by an edit, or damaged"
    )
    assert warnings == ([told] if got < promised else [])


@pytest.mark.parametrize(
    ("name", "change", "ended"),
    [
        ("cut.avi", cut_in_half, 1.0),
        ("cut.mkv", cut_in_half, 1.0),
        ("cut.webm", cut_in_half, 1.0),
        ("cut.mp4", index_first(cut_in_half), 1.0),
        ("blank.mp4", index_first(partial(blank, start=0.5, end=1.0)), 1.0),
        ("blank.mkv", partial(blank, start=0.5, end=1.0), 1.0),
        ("blank.webm", partial(blank, start=0.05, end=1.0), 0.1),
        ("damaged.mp4", partial(blank, start=0.4, end=0.6), 2.0),
    ],
)
def test_a_clip_that_lacks_much_plays_what_is_there_and_then_says_so(
    smile_gate: Any, plain_as: Callable[[str], Path], name: str, change: Change, ended: float
) -> None:
    clip = plain_as(name)
    change(clip)
    code, out, err = smile_gate("run", "--source", clip, "--events", "-")
    assert code == 2
    [lost] = records(out)
    assert lost["time"] == pytest.approx(ended, abs=0.3)
    promise = "60 frames" if clip.suffix in {".avi", ".mp4"} else r"2\.0 s of video"
    assert re.fullmatch(
        rf"smile-gate: {clip}: expected {promise}, got [0-9.]+( s)?: "
        r"the video is cut short or damaged\n",
        err,
    )


def test_a_video_without_any_frame_is_refused(tmp_path: Path, demo_frames: list[Frame]) -> None:
    path = tmp_path / "none.avi"
    write_video(path, demo_frames[:1], "MJPG")
    data = path.read_bytes()
    start = data.index(b"\xff\xd8")
    path.write_bytes(data[:start] + bytes(len(data) - start))
    with pytest.raises(CameraError, match=r"none\.avi: expected 1 frames, got 0: the video is"):
        frames_of(str(path))


def tiny_pictures(path: Path, _: Path) -> None:
    write_video(path, [Frame(0, 0.0, np.zeros((8, 8), np.uint8))] * 3, "MJPG")


def no_index(path: Path, clip: Path) -> None:
    path.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])


def text(path: Path, _: Path) -> None:
    path.write_text("not a video")


@pytest.mark.parametrize(
    ("make", "name", "message"),
    [
        (tiny_pictures, "tiny.avi", r"tiny\.avi: expected a picture, got uint8 \(8, 8, 3\)"),
        (no_index, "cut.mp4", r"cut\.mp4: expected a video, got a file that can't be read"),
        (text, "notes.mp4", r"notes\.mp4: expected a video, got a file that can't be read"),
    ],
)
def test_a_file_that_is_no_proper_video_is_refused(
    clip: Path, tmp_path: Path, make: Callable[[Path, Path], None], name: str, message: str
) -> None:
    make(tmp_path / name, clip)
    with pytest.raises(CameraError, match=message):
        frames_of(str(tmp_path / name))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("file:none.mp4", "expected a video file, got no file there"),
        ("none.mp4", "expected a video file, got no file there"),
        ("images:none", "expected a folder with images, got no folder there"),
        ("webcam", "expected a source: picamera2, "),
        ("rtp:7", "expected a source: picamera2, "),
        ("", "expected a source: picamera2, "),
        ("v4l2:99999999999", "expected a camera, got none there"),
    ],
)
def test_a_source_that_is_not_there_is_named(source: str, message: str) -> None:
    with pytest.raises(CameraError, match=f"^{source}: {message}") as caught:
        frames_of(source)
    assert caught.value.source == source


@pytest.mark.parametrize(("at", "step"), [("@4", 0.25), ("", 0.1), ("@0.5", 2.0)])
def test_a_folder_plays_in_the_order_of_names(portraits: Path, at: str, step: float) -> None:
    frames = frames_of(f"images:{portraits}{at}")
    assert [frame.grey.shape for frame in frames] == [(600, 512), (512, 512)]
    assert [frame.time for frame in frames] == [0.0, step]


def test_a_plain_folder_is_a_folder_of_images(portraits: Path) -> None:
    assert len(frames_of(str(portraits))) == 2


@pytest.mark.parametrize("fps", ["0", "1e-300", "-1", "x", "nan", ""])
def test_a_rate_that_is_none_is_refused(portraits: Path, fps: str) -> None:
    with pytest.raises(CameraError, match=r"expected images:DIR@FPS with FPS from 0\.01 to 1000"):
        frames_of(f"images:{portraits}@{fps}")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(CameraError, match="expected a folder with images, got an empty one"):
        frames_of(str(tmp_path))


def test_a_corrupt_image_in_a_folder_is_named(portraits: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(portraits, tmp_path / "images"))
    (folder / "b.jpg").write_bytes(b"no image")
    with pytest.raises(ImageError, match=r"b\.jpg: expected an image"):
        frames_of(str(folder))
