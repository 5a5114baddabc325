"""What the journal reads from standard error; a file takes its place."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge.service.journal import is_journal
from tests.edge.cli.commands import command

CRASHES = """
import sys, threading
from edge.cli import __main__ as cli, outputs

def crash(_):
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    raise KeyError("two\\nlines")

outputs.safe = crash
sys.exit(cli.main(["safe"]))
"""


def journal_of(folder: Path, *call: str | Path) -> tuple[int, list[str]]:
    """Run a command with a file as its journal; return its exit code and the lines."""
    path = folder / "journal"
    with path.open("w") as file:
        stat = os.fstat(file.fileno())
        done = subprocess.run(
            [str(argument) for argument in call],
            check=False,
            stderr=file,
            env={**os.environ, "JOURNAL_STREAM": f"{stat.st_dev}:{stat.st_ino}"},
        )
    return done.returncode, path.read_text().splitlines()


def test_lines_of_a_run_carry_their_priority_and_no_time(tmp_path: Path, clip: Path) -> None:
    code, lines = journal_of(tmp_path, *command("run", "--source", clip))
    assert code == 0
    assert lines[:3] == ["<6>face 1 found", "<6>face 1 smiles", "<6>shutter fired: GPIO 17 active"]
    assert all(line.startswith("<6>") for line in lines)


def test_a_lost_camera_is_a_warning_and_what_ends_the_run_an_error(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"no picture")
    code, lines = journal_of(tmp_path, *command("run", "--source", f"images:{tmp_path}@30"))
    assert code == 2
    lost, error = lines
    assert lost.startswith("<4>camera lost: ")
    assert error.startswith("<3>smile-gate: ")


def test_each_line_of_what_nobody_foresaw_is_critical(tmp_path: Path) -> None:
    code, lines = journal_of(tmp_path, sys.executable, "-c", CRASHES)
    assert code == 1
    assert "<2>ZeroDivisionError: division by zero" in lines
    assert "<2>KeyError: 'two\\nlines'" in lines
    assert all(line.startswith("<2>") for line in lines)


def test_to_a_terminal_there_is_a_time_and_no_priority(clip: Path) -> None:
    done = subprocess.run(
        command("run", "--source", clip),
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "JOURNAL_STREAM": "8:123"},  # of the parent process
    )
    assert done.stderr.splitlines()[0].endswith(" s  face 1 found")
    assert "<" not in done.stderr


@pytest.mark.parametrize("stream", ["", "8", "8:123", "nonsense"])
def test_another_stream_is_not_the_journal(stream: str) -> None:
    assert not is_journal({"JOURNAL_STREAM": stream})
    assert not is_journal({})
