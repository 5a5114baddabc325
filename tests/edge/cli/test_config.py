"""The contract of ``smile-gate config``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory


def test_check_names_the_outputs(
    smile_gate: Any, config: Path, pins: MockFactory, tmp_path: Path
) -> None:
    code, out, err = smile_gate("config", "check", "--config", config)
    assert (code, err) == (0, "")
    assert out == f"{config}: good; outputs: photo, low, door, pictures, hook\n"
    empty = tmp_path / "empty.toml"
    empty.touch()
    assert smile_gate("config", "check", "--config", empty)[1] == f"{empty}: good; outputs: none\n"
    assert smile_gate("config", "check")[1] == "without a file: good; outputs: shutter\n"
    assert not list(pins.pins)


def test_check_looks_for_files_and_opens_none(smile_gate: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "bundle").mkdir()
    for name in ("clip.mp4", "bundle/manifest.json", "cascade.xml", "net.onnx", "tuning.json"):
        (tmp_path / name).touch()
    config = tmp_path / "c.toml"
    config.write_text(
        f"""
        camera.source = "images:{tmp_path}@5"
        picamera2.tuning_file = "tuning.json"
        model.bundle = "bundle"
        faces = {{detector = "yunet", cascade = "cascade.xml", yunet_model = "net.onnx"}}
        [outputs.pictures]
        kind = "snapshot"
        folder = "made/when/needed"
        [outputs.hook]
        kind = "command"
        command = ["sh", "-c", "true"]
        """
    )
    check = ("config", "check", "--files", "--config", config)
    code, out, err = smile_gate(*check)
    assert (code, err) == (0, "")
    assert out == f"{config}: good; outputs: pictures, hook; all files are there\n"

    config.write_text(
        config.read_text()
        .replace("images:", "file:")
        .replace("tuning.json", "bundle")
        .replace('bundle = "bundle"', 'bundle = "made"')
        .replace("cascade.xml", "gone.xml")
        .replace("net.onnx", "gone.onnx")
        .replace('"made/', '"file/')
        .replace('"sh"', '"no-such-program"')
    )
    code, out, err = smile_gate(*check)
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        f"smile-gate: {config}: {line}"
        for line in (
            f"camera.source: expected a file, got none there: {tmp_path}@5",
            f"picamera2.tuning_file: expected a file, got a folder: {tmp_path}/bundle",
            f"model.bundle: expected a file, got none there: {tmp_path}/made/manifest.json",
            f"faces.cascade: expected a file, got none there: {tmp_path}/gone.xml",
            f"faces.yunet_model: expected a file, got none there: {tmp_path}/gone.onnx",
            f"outputs.pictures.folder: expected a folder, got a file: {tmp_path}/file",
            "outputs.hook.command: expected a program in /usr/local/bin:/usr/bin:/bin, got none "
            "there: no-such-program",
        )
    ]


@pytest.mark.parametrize(
    ("source", "code"),
    [("picamera2", 0), ("v4l2:/dev/video99", 0), ("http://cam/", 0), ("demo", 0), ("", 2)],
)
def test_check_looks_for_no_camera(smile_gate: Any, config: Path, source: str, code: int) -> None:
    config.write_text(config.read_text().replace('"demo"', f'"{source}"'))
    assert smile_gate("config", "check", "--files", "--config", config)[0] == code


def test_show_says_where_values_come_from(
    smile_gate: Any, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILE_GATE_TRIGGER__HOLD_S", "0.5")
    code, out, err = smile_gate("config", "show", "--config", config)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    for line in ("hold_s = 0.5  # environment", "open_s = 0.2  # file", "fps = 30.0  # default"):
        assert line in lines


def test_explain_says_what_a_setting_is(smile_gate: Any, config: Path) -> None:
    code, out, err = smile_gate("config", "explain", "outputs.door.open_s", "--config", config)
    assert (code, err) == (0, "")
    meaning, *_, now = out.splitlines()
    assert meaning == "outputs.door.open_s: shortest time open, s; at most max_open_s"
    assert now == "  now      0.2 (file)"
    assert "trigger.hold_s: " in smile_gate("config", "explain")[1]
