"""What is shown of URLs and of a command's environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.errors import ConfigError
from edge.settings import CameraSettings
from edge.settings.explain import explain, show
from edge.settings.load import load_configuration

SECRETS = """
[camera]
source = "http://cam/video?user=pa55&pwd=pa55"
[outputs.hook]
kind = "command"
command = ["curl", "-s", "https://me:pa55@hooks/x?key=pa55"]
environment = {TOKEN = "pa55"}
"""


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("http://cam/video?user=admin&pwd=x", "http://cam/video?user=***&pwd=***"),
        ("http://cam/video?x3", "http://cam/video?***"),
        ("http://cam/video?", "http://cam/video?"),
        ("http://cam?next=http://a/?pwd=x#y", "http://cam?next=***"),
        ("rtsp://admin:x@cam:554/1", "rtsp://cam:554/1"),
        ("rtsp://admin:p@ss@cam/1", "rtsp://cam/1"),
        ("rtsp://admin:p/ss@cam/1", "rtsp://cam/1"),  # no URL, but somebody's password
        ("rtsp://admin:p?ss@cam/1", "rtsp://cam/1"),
        ("rtsp://x3@[fe80::1]:554/1", "rtsp://[fe80::1]:554/1"),
        ("http://h/ok@2", "http://h/ok@2"),
        ("http://h:8080/ok@2?a=b@c", "http://h:8080/ok@2?a=***"),
        ("http://[::1]:80/ok@2", "http://[::1]:80/ok@2"),
        ("HTTP://x3@h/", "HTTP://h/"),
        ("file:what?now=5.mp4", "file:what?now=5.mp4"),
        ("images:a?b=c/d@5", "images:a?b=c/d@5"),
    ],
)
def test_a_source_is_shown_without_its_secrets(source: str, shown: str) -> None:
    assert CameraSettings(source=source).shown_source == shown


def test_show_and_explain_hide_secrets(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text(SECRETS)
    configuration = load_configuration(file, {})
    shown = "\n".join([*show(configuration), *explain("outputs.hook", configuration)])
    assert "pa55" not in shown + "\n".join(explain("camera.source", configuration))
    for value in (
        'source = "http://cam/video?user=***&pwd=***"',
        'command = ["curl", "-s", "https://hooks/x?key=***"]',
        'environment = {TOKEN = "***"}',
        'now      {TOKEN = "***"} (file)',
    ):
        assert value in shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[camera]\nsorce = 'http://me:pa55@cam/'", "expected a key among source, "),
        ("[camera]\nwidth = 'http://cam/?k=pa55'", "got 'http://cam/?k=***'"),
        ("camera = 'http://cam/?k=pa55'", "got 'http://cam/?k=***'"),
        ("[outputs.h]\nkind = 'command'\ncommand = ['x']\nenvironment = 'pa55'", "got '***'"),
        ("[outputs.h]\nkind = 'command'\ncommand = ['x']\nenvirnment = {A = 'pa55'}", "key among"),
    ],
)
def test_a_bad_configuration_is_refused_without_its_secrets(
    tmp_path: Path, text: str, expected: str
) -> None:
    file = tmp_path / "c.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_configuration(file, {})
    assert "pa55" not in str(caught.value)
    assert expected in str(caught.value)
