from __future__ import annotations

import errno
from pathlib import Path

import pytest

from edge.errors import BundleError, CameraError, ConfigError, OutputError, StatusError, may_pass
from edge.settings.load import load_configuration


@pytest.mark.parametrize(
    "error",
    [
        CameraError("unplugged", "v4l2:/dev/video0"),
        OutputError("busy", "photo", 17),
        StatusError("answered"),
        OSError(errno.EIO, "input/output error"),
    ],
)
def test_these_may_pass(error: Exception) -> None:
    assert may_pass(error)


@pytest.mark.parametrize(
    "error", [ConfigError("hold"), BundleError("hash", Path("b")), ZeroDivisionError()]
)
def test_these_stay(error: Exception) -> None:
    assert not may_pass(error)


@pytest.mark.parametrize(("number", "passes"), [(errno.EIO, True), (errno.EACCES, False)])
def test_settings_that_the_card_does_not_give_up_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, passes: bool
) -> None:
    def fail(*_: object, **__: object) -> str:
        raise OSError(number, "failed")

    monkeypatch.setattr(Path, "read_text", fail)
    with pytest.raises(ConfigError) as caught:
        load_configuration(tmp_path / "c.toml")
    assert may_pass(caught.value) is passes
