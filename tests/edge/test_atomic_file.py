"""The order of system calls that makes a file appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge.atomic_file import written


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
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


def test_a_file_is_on_the_disk_before_it_is_renamed_and_its_name_after(
    tmp_path: Path, calls: list[str]
) -> None:
    target = tmp_path / "target"
    with written(b"whole", tmp_path, ".") as new:
        new.rename(target)
    assert calls == [f"sync {new}", f"rename {new} {target}", f"sync {tmp_path}"]
    assert target.read_bytes() == b"whole"
    assert target.stat().st_mode & 0o777 == 0o600


def test_what_is_not_renamed_is_deleted(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), written(b"half", tmp_path, "."):
        1 / 0  # noqa: B018
    with written(b"half", tmp_path, "."):
        pass
    assert list(tmp_path.iterdir()) == []
