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


@pytest.mark.parametrize(("path", "passes"), [("/proc/self/mem", True), ("/proc/self", False)])
def test_settings_that_the_system_cannot_read(path: str, passes: bool) -> None:
    """The first gives an input/output error, as a bad card does; the second is a folder."""
    with pytest.raises(ConfigError) as caught:
        load_configuration(Path(path))
    assert may_pass(caught.value) is passes


def test_a_setting_s_error_says_its_facts() -> None:
    error = ConfigError("expected float, got 'x'", "hold_s")
    assert str(error) == "hold_s: expected float, got 'x'"
    error = error.at("trigger.hold_s", Path("c.toml"))
    assert str(error) == "c.toml: trigger.hold_s: expected float, got 'x'"
    assert (error.reason, error.key, error.origin) == (
        "expected float, got 'x'",
        "trigger.hold_s",
        Path("c.toml"),
    )
    assert str(ConfigError("expected TOML", origin="c.toml")) == "c.toml: expected TOML"
