"""The detector of the settings, and the errors where it can't be opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import msgspec
import pytest

from edge.errors import ConfigError
from edge.faces.haar import HaarDetector, find_cascade
from edge.faces.open import open_detector
from edge.settings import FaceSettings
from tests.edge.cli.commands import records


def test_opencv_gets_one_thread_unless_the_settings_name_more() -> None:
    open_detector(FaceSettings(threads=3))
    assert cv2.getNumThreads() == 3
    assert isinstance(open_detector(FaceSettings()), HaarDetector)
    assert cv2.getNumThreads() == 1


def test_another_cascade_is_used(smile_gate: Any, tmp_path: Path, portraits: Path) -> None:
    """Beside the configuration: the eye cascade finds other boxes than the face cascade."""
    cascade = find_cascade("haarcascade_eye.xml")
    (tmp_path / "eyes.xml").write_bytes(cascade.read_bytes())
    file = tmp_path / "my.toml"
    file.write_text('[faces]\ncascade = "eyes.xml"\n')
    hopper = portraits / "a-hopper.jpg"
    eyes, face = (
        records(smile_gate("classify", hopper, "--json", *extra)[1])[0]["faces"][0]["box"]
        for extra in (["--config", file], [])
    )
    assert 0.1 * face[2] < eyes[2] < 0.5 * face[2]


@pytest.mark.parametrize(
    ("detector", "setting", "expected"),
    [
        ("haar", "cascade", "a cascade file as OpenCV's haarcascade_*.xml"),
        ("yunet", "yunet_model", f"YuNet's ONNX file, one for OpenCV {cv2.__version__}"),
    ],
)
@pytest.mark.parametrize(
    "content", [None, b"", b"no such thing", b"<opencv_storage><a>1</a></opencv_storage>"]
)
def test_a_file_of_another_kind_is_named(
    detector: str,
    setting: str,
    expected: str,
    content: bytes | None,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "a.onnx"
    if content is not None:
        file.write_bytes(content)
    settings = msgspec.convert({"detector": detector, setting: str(file)}, FaceSettings)
    with pytest.raises(ConfigError) as caught:
        open_detector(settings)
    no = "no file " if content is None else ""
    assert str(caught.value) == f"faces.{setting}: expected {expected}, got {no}{file}"
    assert caught.value.key == f"faces.{setting}"
    assert capfd.readouterr().err == ""


def test_an_opencv_without_yunet_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("cv2.FaceDetectorYN")
    with pytest.raises(
        ConfigError, match=r"faces\.detector: expected an OpenCV with FaceDetectorYN"
    ):
        open_detector(FaceSettings(detector="yunet", yunet_model="any.onnx"))


def test_yunet_needs_a_file(smile_gate: Any, tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text('[faces]\ndetector = "yunet"\n')
    code, _, err = smile_gate("config", "check", "--config", file)
    assert code == 2
    assert "faces.yunet_model: expected YuNet's ONNX file" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--source", "demo"),
        ("classify", "any.jpg"),
        ("calibrate", "--source", "demo"),
        ("replay", "demo", "--truth", "labels.json"),
    ],
)
def test_each_verb_uses_the_detector_of_the_settings(
    arguments: tuple[str, ...], smile_gate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "my.toml"
    file.write_text('[faces]\ndetector = "yunet"\nyunet_model = "none.onnx"\n')
    Path("labels.json").write_text('{"smiles": []}')
    code, _, err = smile_gate(*arguments, "--config", file)
    assert code == 2
    assert f"got no file {tmp_path / 'none.onnx'}" in err
    assert len(err.splitlines()) == 1
