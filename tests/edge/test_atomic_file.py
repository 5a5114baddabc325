"""Files that appear whole or not at all, by what the system is asked for, in which order."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge.atomic_file import written


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was brought to the disk and renamed, in order."""
    done: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def synced(descriptor: int) -> None:
        fsync(descriptor)
        done.append(f"sync {Path(f'/proc/self/fd/{descriptor}').readlink()}")

    def renamed(path: Path, target: Path) -> Path:
        done.append(f"rename {path} {target}")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    return done


def test_it_is_on_the_disk_before_it_has_its_name_and_its_name_after(
    tmp_path: Path, asked: list[str]
) -> None:
    target = tmp_path / "target"
    with written(b"whole", tmp_path, ".") as half:
        half.rename(target)
    assert asked == [f"sync {half}", f"rename {half} {target}", f"sync {tmp_path}"]
    assert target.read_bytes() == b"whole"
    assert target.stat().st_mode & 0o777 == 0o600


def test_what_is_not_renamed_is_deleted(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), written(b"half", tmp_path, "."):
        1 / 0  # noqa: B018
    with written(b"half", tmp_path, "."):
        pass
    assert list(tmp_path.iterdir()) == []
