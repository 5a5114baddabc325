"""The contract of ``smile-gate look``."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from benchmarks.simulate.mjpeg_server import MjpegServer
from edge.diagnose.annotate import SMILING
from edge.values import Frame, Grey
from tests.edge.cli.commands import command
from tests.edge.diagnose.examined_machine import Machine

pytestmark = pytest.mark.usefixtures("default_signals")


@pytest.mark.parametrize(("seconds", "lines"), [("0", 1), ("2.5", 3), ("60", 4)])
def test_a_line_a_second_follows_a_clip(smile_gate: Any, seconds: str, lines: int) -> None:
    code, out, err = smile_gate("look", "--source", "demo", "--seconds", seconds)
    assert (code, err) == (0, "")
    first, *others = out.splitlines()
    assert first == "640x480, the smallest face is 80 px wide"
    assert len(others) == lines
    assert all(line.startswith("sharpness of the face ") for line in others)
    assert all(" smiling" not in line for line in others[:2])
    assert all(" smiling" in line for line in others[2:])


@pytest.mark.parametrize("source", ["demo", "http"])
def test_one_picture(
    smile_gate: Any, tmp_path: Path, demo_frames: list[Frame], source: str
) -> None:
    out = tmp_path / "look.png"
    with closing(MjpegServer([frame.grey for frame in demo_frames[55:80]])) as server:
        spec = server.url if source == "http" else source
        code, words, err = smile_gate("look", "--source", spec, "--out", out)
    assert (code, err) == (0, "")
    assert words.startswith(f"{out}: sharpness of the face ")
    assert len(words.splitlines()) == 1
    assert list(tmp_path.iterdir()) == [out]
    assert np.all(cv2.imread(str(out)) == SMILING, axis=2).any()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "x.gif"], "argument --out: expected .jpg, .jpeg, .png at the end, got 'x.gif'"),
        (["--out", "gone/x.jpg"], "gone/x.jpg: expected a file to write to, got: No such file"),
        (["--seconds", "-1"], "argument --seconds: expected 0 to 86400, got '-1'"),
        (["--field-of-view", "x"], "argument --field-of-view: expected 5 to 170, got 'x'"),
        (["--source", "gone.mp4"], "gone.mp4: expected a video file, got no file there"),
    ],
)
def test_refusals(
    smile_gate: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = smile_gate("look", "--source", "demo", "--seconds", "0", *arguments)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert words in err
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize(("source", "held"), [("v4l2:/dev/video99", True), ("gone.mp4", False)])
def test_the_running_service_holds_its_camera(
    smile_gate: Any, machine: Machine, source: str, held: bool
) -> None:
    code, out, err = smile_gate("look", "--source", source, "--socket", machine.socket)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert ("first sudo systemctl stop smile-gate.service" in err) == held


def read_rest(terminal: int) -> bytes:
    shown = b""
    with suppress(OSError):  # at its end
        while True:
            shown += os.read(terminal, 4096)
    os.close(terminal)
    return shown


def test_on_a_terminal_an_error_has_a_line_of_its_own(tmp_path: Path, hopper: Grey) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), hopper)
    (tmp_path / "2.png").touch()
    ours, theirs = pty.openpty()
    arguments = command("look", "--source", tmp_path)
    with subprocess.Popen(arguments, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = read_rest(ours)
    assert process.returncode == 2
    assert re.search(rb"sharpness .*\x1b\[K\r\nsmile-gate: .*2.png: expected .*\r\n$", shown)


def test_on_a_terminal_the_line_is_replaced_until_ctrl_c() -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(command("look", "--source", "demo"), stdout=theirs) as process:
        os.close(theirs)
        shown = b""
        while shown.count(b"\x1b[K") < 3:
            shown += os.read(ours, 4096)
        process.send_signal(signal.SIGINT)
        shown += read_rest(ours)
    assert process.returncode == 0
    assert shown.count(b"\x1b[K") < 20  # the clip's end would be at forty
    assert re.fullmatch(rb"640x480.*\r\n(\rsharpness [^\r\n]*\x1b\[K)+\r\n", shown)
