from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

import benchmarks.__main__ as benchmarks
from benchmarks.reliability.service_trial import Supervisor, Trial, directive, series
from tests.conftest import ROOT

NOTIFY = """
import os, socket, sys, time
from pathlib import Path

def tell(words):
    one = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.sendto(words, os.environ["NOTIFY_SOCKET"])

with Path("starts").open("a") as file:
    file.write("x")
"""


def program(text: str) -> list[str]:
    return [sys.executable, "-c", NOTIFY + text]


DIES = program("sys.exit('no room')")
REFUSES = program("sys.exit(2)")
HANGS = program("tell(b'READY=1'); time.sleep(60)")
IS_FED = program("tell(b'READY=1')\nwhile True: tell(b'WATCHDOG=1'); time.sleep(0.02)")


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def starts() -> int:
    return len(Path("starts").read_text())


def supervisor(folder: Path, command: Sequence[str]) -> closing[Supervisor]:
    return closing(Supervisor(command, folder))


def test_a_command_that_dies_is_started_again_and_given_up_at_last(tmp_path: Path) -> None:
    with supervisor(tmp_path, DIES) as held:
        assert not held.start()
        assert starts() == Supervisor.GIVES_UP
        assert not held.start()
        assert held.last_words == "no room"


def test_a_command_that_refuses_is_not_started_again(tmp_path: Path) -> None:
    with supervisor(tmp_path, REFUSES) as held:
        assert not held.start()
    assert starts() == 1


@pytest.mark.parametrize(("command", "expected"), [(HANGS, 3), (IS_FED, 1)])
def test_a_command_that_hangs_is_killed(
    tmp_path: Path, command: Sequence[str], expected: int
) -> None:
    with supervisor(tmp_path, command) as held:
        held._watchdog_s = 0.2
        assert held.start()
        assert held.wait(lambda: len(held.boots_s) == 3, 1.0) is (expected == 3)
    assert starts() >= expected


def test_a_directive_that_is_not_there_is_named() -> None:
    with pytest.raises(LookupError, match=r"smile-gate.service: expected NoSec=NUMBER, got none"):
        directive("NoSec")


def test_what_does_not_come_back_is_counted() -> None:
    took = [0.1, None, 0.3]
    assert series(3, lambda index: took[index]) == {
        "came_back": 2,
        "did_not": 1,
        "median_s": 0.2,
        "longest_s": 0.3,
    }
    assert series(1, lambda _: None)["longest_s"] is None


def test_the_gate_comes_back(tmp_path: Path) -> None:
    with closing(Trial(tmp_path)) as trial:
        assert trial.start() is not None
        assert trial.reload(good=True) is not None
        assert trial.reload(good=False) is not None
        assert trial.kill() is not None
        assert trial.lose_camera(0.0) is not None
        steady = trial.steady(1.0)
        assert len(trial.gate.boots_s) == 3
    assert steady["write_bytes"] == 0
    assert steady["frames"] > 10
    assert steady["end_mb"] > 30


def test_a_gate_that_takes_bad_settings_is_found_out(tmp_path: Path) -> None:
    with closing(Trial(tmp_path)) as trial:
        trial.BAD = 0.7  # which is good
        assert trial.reload(good=False) is None


def test_exit_code_1_says_that_it_did_not_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmarks, "Trial", partial(Trial, command=DIES))
    monkeypatch.setattr(Supervisor, "GIVES_UP", 1)
    assert benchmarks.main(["service", "--quick", "--json", str(tmp_path / "f.json")]) == 1
    out = capsys.readouterr().out
    assert "starts and stops: 0 came back, 4 did not (no room); no times" in out
    assert "left alone it ended: no room" in out
    assert json.loads((tmp_path / "f.json").read_text())["did_not"] == 13
