from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.regular_file import read_regular


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.mkdir(), "Is a directory"),
        (os.mkfifo, "a pipe"),
        (a_socket, "a socket"),
        (lambda path: path.symlink_to("/dev/zero"), "a device"),
        (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
        (lambda path: path.write_bytes(b"12345"), "more than 4 bytes"),
        (lambda path: path.symlink_to("/proc/self/environ"), "more than 4 bytes"),
        (lambda path: path.unlink(missing_ok=True), "No such file or directory"),
    ],
)
def test_only_regular_files_of_limited_size_are_read(
    tmp_path: Path, make: Callable[[Path], object], reason: str
) -> None:
    path = tmp_path / "file"
    make(path)
    with pytest.raises(OSError, match=reason) as caught:
        read_regular(path, at_most=4)
    assert caught.value.strerror == reason


def test_a_name_that_no_file_can_have_is_an_error_of_the_system() -> None:
    with pytest.raises(OSError, match="embedded null"):
        read_regular(Path("a\0b"), at_most=4)


def test_a_link_to_a_regular_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1234")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "link", at_most=4) == b"1234"
