"""``--plot`` and ``--video`` of run and replay, and the progress bars."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import termios
import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import cv2
import pytest
from gpiozero.pins.mock import MockFactory

from edge.cameras.recorded import VideoCamera
from tests.edge.cli.commands import command, signal_when_active

pytestmark = pytest.mark.usefixtures("default_signals")


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    file = tmp_path / "truth.json"
    file.write_text('{"smiles": [[1.35, 3.25]]}')
    return file


@pytest.fixture
def plot(tmp_path: Path) -> Path:
    return tmp_path / "trace.png"


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return tmp_path / "out.mp4"


@pytest.mark.parametrize("verb", ["run", "replay"])
def test_a_clip_leaves_a_plot_and_a_video(
    smile_gate: Any, clip: Path, truth: Path, plot: Path, video: Path, verb: str
) -> None:
    plot.write_text("of before")
    source = ["--source", clip] if verb == "run" else [clip, "--truth", truth]
    code, _, _ = smile_gate(verb, *source, "--plot", plot, "--video", video)
    assert code == 0
    picture = cv2.imread(str(plot))
    assert picture is not None
    assert picture.shape == (640, 1600, 3)
    with closing(VideoCamera(str(video), video)) as camera:
        assert (camera.fps, len(list(iter(camera.read, None)))) == (30.0, 120)


@pytest.mark.parametrize("verb", ["run", "replay"])
@pytest.mark.parametrize(
    ("option", "name", "message"),
    [
        ("--plot", "trace.jpg", "expected a name that ends in .png, got trace.jpg"),
        ("--plot", "", "expected a name that ends in .png, got "),
        ("--video", "out.gif", "expected a name that ends in .mp4 or .avi, got out.gif"),
        ("--video", "gone/out.mp4", "expected a folder to write to, got gone"),
        ("--video", "b\udcff.mp4", "expected a name in UTF-8, got b\\xff.mp4"),
        ("--video", "clip.mp4", "expected another file than the source, got clip.mp4"),
        ("--video", "folder.mp4", "expected a video file to write to, got none"),
        ("--plot", "folder.png", "expected a file to write to, got: Is a directory"),
    ],
)
def test_a_file_that_cannot_be_written_is_named_in_one_line(
    smile_gate: Any,
    clip: Path,
    truth: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
    option: str,
    name: str,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("folder.mp4", "folder.png"):
        Path(folder).mkdir()
    Path("clip.mp4").hardlink_to(clip)
    source = ["--source", "clip.mp4"] if verb == "run" else ["clip.mp4", "--truth", truth]
    before = clip.read_bytes()
    code, out, err = smile_gate(verb, *source, option, name)
    assert (code, out) == (2, "")
    assert message in err.splitlines()[-1]
    assert clip.read_bytes() == before


@pytest.mark.parametrize("option", ["--plot=a.png", "--video=a.mp4"])
def test_a_live_camera_is_not_recorded(
    smile_gate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = smile_gate("run", "--source", "rtsp://me:secret@cam/", option)
    name = option.partition("=")[0]
    assert (code, out) == (2, "")
    assert err.startswith(f"smile-gate: {name}: expected a recorded source, got rtsp://")
    assert "secret" not in err
    assert not list(tmp_path.iterdir())


def test_a_signal_leaves_what_there_was_until_then(
    smile_gate: Any, long_pulse: Path, pins: MockFactory, plot: Path, video: Path
) -> None:
    arguments = ["--source", "demo", "--realtime", "--plot", plot, "--video", video]
    with signal_when_active(pins.pin(22), signal.SIGINT):
        code, _, _ = smile_gate("run", "--config", long_pulse, *arguments)
    assert code == 0
    assert cv2.imread(str(plot)) is not None
    with closing(VideoCamera(str(video), video)) as camera:
        assert 30 < len(list(iter(camera.read, None))) < 120


def shown_on_a_terminal(*arguments: str | Path) -> tuple[str, str]:
    """Run the command with a terminal as its standard error; return standard output and error."""
    mine, its = pty.openpty()
    termios.tcsetwinsize(its, (24, 80))
    with subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, stderr=its) as process:
        os.close(its)
        shown = b""
        with suppress(OSError):  # Linux's end of file, on a terminal
            while part := os.read(mine, 4096):
                shown += part
        assert process.stdout is not None
        out = process.stdout.read().decode()
    os.close(mine)
    assert process.returncode == 0, shown
    return out, shown.decode()


def test_a_terminal_shows_how_far_a_clip_is(clip: Path, truth: Path) -> None:
    out, shown = shown_on_a_terminal("replay", clip, "--truth", truth)
    assert out.startswith("hits            1\n")
    assert "/120 [" in shown
    out, shown = shown_on_a_terminal("run", "--source", clip)
    assert "/120 [" in shown
    [line] = [line for line in shown.splitlines() if line.endswith("face 1 smiles")]
    assert "frame" not in line  # the log has lines of its own


def test_a_terminal_shows_how_far_classify_and_calibrate_are(clip: Path, portraits: Path) -> None:
    out, shown = shown_on_a_terminal("classify", portraits, "--json")
    assert len(out.splitlines()) == 2
    assert "/2 [" in shown
    parts = ["--seconds", "1.1", "--pause", "0.4"]
    out, shown = shown_on_a_terminal("calibrate", "--source", clip, *parts)
    assert "threshold_on" in out
    assert "/2.6 [" in shown


def test_what_is_no_terminal_gets_no_bar(smile_gate: Any, portraits: Path) -> None:
    threads = threading.active_count()
    assert smile_gate("classify", portraits, "--json")[2] == ""
    assert threading.active_count() == threads
