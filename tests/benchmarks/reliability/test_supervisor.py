from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.reliability.supervisor import Supervisor, directive

NOTIFY = """
import os, socket, sys, threading
from pathlib import Path

def notify(line):
    client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    client.sendto(line, os.environ["NOTIFY_SOCKET"])

wait = threading.Event().wait
with Path("starts").open("a") as file:
    file.write("x")
"""


def program(text: str) -> list[str]:
    return [sys.executable, "-c", NOTIFY + text]


DIES = program("sys.exit('no room')")
REFUSES = program("sys.exit(2)")
HANGS = program("notify(b'READY=1'); wait()")
IS_FED = program("notify(b'READY=1')\nwhile True: notify(b'WATCHDOG=1'); wait(0.02)")


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def starts() -> int:
    return len(Path("starts").read_text())


def test_a_command_that_dies_is_started_again_and_given_up_at_last(tmp_path: Path) -> None:
    with closing(Supervisor(DIES, tmp_path)) as supervisor:
        assert not supervisor.start()
        assert starts() == Supervisor.GIVES_UP
        assert not supervisor.start()
        assert supervisor.last_words == "no room"


def test_a_command_that_refuses_is_not_started_again(tmp_path: Path) -> None:
    with closing(Supervisor(REFUSES, tmp_path)) as supervisor:
        assert not supervisor.start()
    assert starts() == 1


@pytest.mark.parametrize(("command", "expected"), [(HANGS, 3), (IS_FED, 1)])
def test_a_command_that_hangs_is_killed(
    tmp_path: Path, command: Sequence[str], expected: int
) -> None:
    with closing(Supervisor(command, tmp_path, watchdog_s=0.2)) as supervisor:
        assert supervisor.start()
        assert supervisor.wait(lambda: len(supervisor.boots_s) == 3, 1.0) is (expected == 3)
    assert starts() >= expected


def test_a_directive_that_is_not_there_is_named() -> None:
    with pytest.raises(LookupError, match=r"smile-gate.service: expected NoSec=NUMBER, got none"):
        directive("NoSec")
