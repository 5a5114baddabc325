"""What is wrong gets one line and exit code 2, and leaves no pin active."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory

from edge.settings import SHIPPED_BUNDLE
from tests.conftest import write_video
from tests.edge.cli.commands import command, records

pytestmark = pytest.mark.usefixtures("default_signals")


@pytest.fixture
def files(tmp_path: Path, clip: Path) -> Path:
    """A folder with every kind of broken input."""
    (tmp_path / "unknown-key.toml").write_text("[trigger]\nhold = 1\n")
    (tmp_path / "out-of-range.toml").write_text("[trigger]\nhold_s = 99\n")
    (tmp_path / "pin-twice.toml").write_text(
        "".join(f'[outputs.{name}]\nkind = "shutter"\npin = 5\n' for name in "ab")
    )
    (tmp_path / "no-model.toml").write_text('[model]\nbundle = "nowhere"\n')
    shutil.copytree(SHIPPED_BUNDLE, tmp_path / "altered")
    with (tmp_path / "altered" / "smilenet.tflite").open("ab") as file:
        file.write(b"x")
    (tmp_path / "altered.toml").write_text('[model]\nbundle = "altered"\n')
    (tmp_path / "labels.json").write_text('{"smiles": [[1.35, 3.25]]}')
    (tmp_path / "crossed.json").write_text('{"smiles": [[1, 3], [2, 4]]}')
    (tmp_path / "cut.mp4").write_bytes(clip.read_bytes()[:9999])
    (tmp_path / "empty").mkdir()
    (tmp_path / "corrupt").mkdir()
    (tmp_path / "corrupt" / "0.jpg").write_bytes(b"\xff\xd8 no jpeg \xff\xd9")
    (tmp_path / "corrupt" / "1.png").write_bytes(b"\x89PNG\r\n\x1a\n no png")
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "pipes").mkdir()
    os.mkfifo(tmp_path / "pipes" / "0.jpg")
    os.mkfifo(tmp_path / "pipes" / "manifest.json")
    (tmp_path / "pipes.toml").write_text('[model]\nbundle = "pipes"\n')
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["run", "--config", "unknown-key.toml"], "trigger.hold: expected a key among"),
        (["run", "--config", "out-of-range.toml"], "hold_s: expected float <= 60.0, got 99"),
        (["run", "--config", "pin-twice.toml"], "outputs.b.pin: expected a pin of its own, got 5"),
        (["run", "--config", "gone.toml"], "expected a TOML file"),
        (["run", "--config", "no-model.toml"], "manifest.json: expected a model bundle's manifest"),
        (["run", "--config", "pipe.jpg"], "pipe.jpg: expected a TOML file, got: a pipe"),
        (["run", "--config", "/dev/zero"], "/dev/zero: expected a TOML file, got: a device"),
        (["run", "--config", "pipes.toml"], "expected a model bundle's manifest, got: a pipe"),
        (["run", "--config", "altered.toml"], "smilenet.tflite: expected SHA-256"),
        (["classify", "x.jpg", "--config", "altered.toml"], "smilenet.tflite: expected SHA-256"),
        (["run", "--source", "cut.mp4"], "cut.mp4: expected a video"),
        (["run", "--source", "gone.mp4"], "gone.mp4: expected a video file"),
        (["run", "--source", "images:empty"], "expected a folder with images, got an empty one"),
        (["run", "--source", "corrupt"], "0.jpg: expected an image"),
        (["run", "--source", "pipes"], "0.jpg: expected an image file, got: a pipe"),
        (["run", "--source", "webcam"], "webcam: expected a source: picamera2, "),
        (["run", "--source", ""], "expected a source: picamera2, "),
        (["run", "--source", "v4l2:/dev/video99"], "v4l2:/dev/video99: expected a camera"),
        (["run", "--source", "demo", "--events", "empty"], "--events empty: expected a file"),
        (["run", "--config", ""], "--config: expected a path, got an empty one"),
        (["run", "--source", "demo", "--socket", ""], "--socket: expected a path, got an empty"),
        (["run", "--events", "pipe.jpg"], "pipe.jpg: expected a file to write to, got: a pipe"),
        (["run", "--source", "no\n\x1b[2Jclip.mp4"], r"no\n\x1b[2Jclip.mp4: expected a video file"),
        (["run", "--s\nurce", "demo"], r"unrecognized arguments: --s\nurce demo"),
        (["run", "--surce", "demo"], "unrecognized arguments: --surce demo"),
        (["jump"], "invalid choice: 'jump'"),
        ([], "the following arguments are required: verb"),
        (["classify", ""], "'': expected an image or a folder, got an empty name"),
        (["classify"], "the following arguments are required: PATH"),
        (["fire"], "smile-gate fire: the following arguments are required: NAME"),
        (["fire", "door"], "fire door: expected the name of an output: shutter"),
        (["fire", "b", "--config", "pin-twice.toml"], "outputs.b.pin: expected a pin of its own"),
        (["safe", "door"], "unrecognized arguments: door"),
        (["safe", "--config", "out-of-range.toml"], "hold_s: expected float <= 60.0, got 99"),
        (["calibrate", "--seconds", "-1"], "--seconds: expected seconds from 0 to 3600, got '-1'"),
        (["calibrate", "--pause", "nan"], "--pause: expected seconds from 0 to 3600, got 'nan'"),
        (["calibrate", "--pause"], "argument --pause: expected one argument"),
        (["calibrate", "--write"], "--write: expected --config FILE to write to, got none"),
        (["calibrate", "--source", "gone.mp4"], "gone.mp4: expected a video file"),
        (["calibrate", "--config", "no-model.toml"], "manifest.json: expected a model bundle's"),
        (["replay", "demo"], "smile-gate replay: the following arguments are required: --truth"),
        (["replay", "--truth", "labels.json"], "the following arguments are required: CLIP"),
        (["replay", "demo", "--truth", "gone.json"], "gone.json: expected a file of labels"),
        (["replay", "demo", "--truth", "pipe.jpg"], "expected a file of labels, got: a pipe"),
        (["replay", "demo", "--truth", "/dev/zero"], "expected a file of labels, got: a device"),
        (["replay", "demo", "--truth", "crossed.json"], "crossed.json: expected smiles as [start"),
        (["replay", "cut.mp4", "--truth", "labels.json"], "cut.mp4: expected a video"),
        (["replay", "corrupt", "--truth", "labels.json"], "0.jpg: expected an image"),
        (
            ["replay", "demo", "--truth", "labels.json", "--within", "soon"],
            "--within: expected seconds from 0 to 3600, got 'soon'",
        ),
        (["config"], "smile-gate config: the following arguments are required: act"),
        (["config", "shown"], "invalid choice: 'shown'"),
        (["config", "show", "trigger"], "unrecognized arguments: trigger"),
        (["config", "show", "--config", "gone.toml"], "gone.toml: expected a TOML file"),
        (["config", "check", "--config", "unknown-key.toml"], "trigger.hold: expected a key among"),
        (["config", "explain", "hold_s"], "hold_s: expected a setting or a section: camera"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(
    smile_gate: Any,
    files: Path,
    monkeypatch: pytest.MonkeyPatch,
    pins: MockFactory,
    arguments: Sequence[str],
    expected: str,
) -> None:
    monkeypatch.chdir(files)
    code, out, err = smile_gate(*arguments)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1, err
    assert expected in err
    assert not any(pins.pin(number).state for number in (5, 17))


def test_a_video_that_breaks_off_leaves_the_pin_safe(
    smile_gate: Any, tmp_path: Path, demo_frames: Any, long_pulse: Path, pins: MockFactory
) -> None:
    whole, cut = tmp_path / "whole.avi", tmp_path / "cut.avi"
    write_video(whole, demo_frames, "MJPG")
    cut.write_bytes(whole.read_bytes()[: int(0.45 * whole.stat().st_size)])
    code, out, err = smile_gate("run", "--config", long_pulse, "--source", cut, "--events", "-")
    assert code == 2
    assert "cut.avi: expected 120 frames, got" in err.splitlines()[-1]
    assert records(out)[-1]["event"] in {"camera_lost", "released"}
    pins.pin(22).assert_states([False, True, False])


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        ("nonesuch", "GPIOZERO_PIN_FACTORY=mock simulates it"),
        (None, "outputs.photo: expected GPIO on this machine"),
    ],
)
def test_without_gpio_there_is_one_line(
    long_pulse: Path, monkeypatch: pytest.MonkeyPatch, factory: str | None, message: str
) -> None:
    """Without a choice gpiozero tries one pin library after the other, warning about each."""
    if factory:
        monkeypatch.setenv("GPIOZERO_PIN_FACTORY", factory)
    elif Path("/dev/gpiochip0").exists():
        pytest.skip("this machine has GPIO")
    else:
        monkeypatch.delenv("GPIOZERO_PIN_FACTORY")
    call = command("run", "--source", "demo", "--config", long_pulse)
    done = subprocess.run(call, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert message in done.stderr


def test_a_bad_variable_is_named(smile_gate: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMILE_GATE_TRIGGER__HOLD_S", "soon")
    error = "SMILE_GATE_TRIGGER__HOLD_S: trigger.hold_s: expected float, got 'soon'"
    for arguments in (["run"], ["fire", "shutter"], ["config", "check"]):
        assert smile_gate(*arguments) == (2, "", f"smile-gate: {error}\n")
