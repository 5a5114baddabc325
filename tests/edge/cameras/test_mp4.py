from __future__ import annotations

from pathlib import Path

import pytest

from edge.cameras.mp4 import shown_s
from tests.edge.cameras.containers import hide, put_index_first


def test_what_is_hidden_does_not_count(clip: Path, tmp_path: Path) -> None:
    assert shown_s(clip) == pytest.approx(4.0)
    part = tmp_path / "part.mp4"
    part.write_bytes(clip.read_bytes())
    hide(part, start=30, length=45)
    put_index_first(part)
    assert shown_s(part) == pytest.approx(1.5)


def test_a_file_that_does_not_say_is_of_unknown_length(clip: Path, tmp_path: Path) -> None:
    data = clip.read_bytes()
    track = data.index(b"tkhd") + 24
    unknown = data[:track] + b"\xff" * 4 + data[track + 4 :]
    file = tmp_path / "unknown.mp4"
    for contents in (unknown, data[: data.index(b"tkhd") + 9], b"no video", b"", bytes(99)):
        file.write_bytes(contents)
        assert shown_s(file) == 0.0
    assert shown_s(tmp_path / "gone.mp4") == 0.0
