from __future__ import annotations

import ctypes
import json
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.cli.reliability import faults
from benchmarks.reliability.faults import cases
from benchmarks.reliability.faults.cases import KINDS, Case, make_case, make_valid
from benchmarks.reliability.faults.fork_server import ForkServer, Reply, Request
from benchmarks.reliability.faults.tries import judge
from benchmarks.simulate.answers import AnswerServer
from edge.settings import SHIPPED_BUNDLE

FILE = Case("pictures", (b"classify", b"p.jpg"))


def faulty(arguments: Sequence[str]) -> int:
    """Fail as the first argument says."""
    match arguments[0]:
        case "raise":
            raise ZeroDivisionError
        case "hang":
            time.sleep(60.0)
        case "crash":
            ctypes.string_at(0)
        case "eat":
            bytearray(600 << 20)
        case "leave":
            os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "61.5")
        case "tell":
            print(*arguments[1:], Path.cwd(), os.environ["COLOUR"])
        case "closed":
            return int(sys.stdout is None)
    return 0


@pytest.fixture(scope="module")
def forks() -> Iterator[ForkServer]:
    with ForkServer(f"{__name__}:faulty") as forks:
        yield forks


def call(forks: ForkServer, folder: Path, *arguments: bytes, **others: bool | float) -> Reply:
    encoded = [argument.hex() for argument in arguments]
    settings = {"seconds": 5.0, **others}
    return forks.run(Request(str(folder), encoded, {"COLOUR": "red"}, **settings))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("how", "failure"),
    [(b"raise", "traceback"), (b"crash", "crash"), (b"eat", "memory"), (b"good", None)],
)
def test_each_failure_is_told(
    forks: ForkServer, tmp_path: Path, how: bytes, failure: str | None
) -> None:
    reply = call(forks, tmp_path, how)
    fault = judge(7, FILE, reply, (tmp_path / "err").read_bytes())
    assert (fault.failure if fault else None) == failure
    assert not fault or (fault.number, fault.call) == (7, "smile-gate classify p.jpg")


def test_a_command_that_hangs_is_killed(forks: ForkServer, tmp_path: Path) -> None:
    fault = judge(0, FILE, call(forks, tmp_path, b"hang", seconds=0.2), b"")
    assert fault is not None
    assert fault.failure == "hang"
    stopped = call(forks, tmp_path, b"hang", stop_s=0.2)  # by SIGTERM, as a live source is
    assert (stopped.code, stopped.timed_out) == (-15, False)
    assert judge(0, Case("streams", (b"run",), live=True), stopped, b"") is None


def test_what_a_command_leaves_behind_is_killed(forks: ForkServer, tmp_path: Path) -> None:
    assert call(forks, tmp_path, b"leave").code == 0
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline")]
    assert b"sleep\x0061.5\x00" not in commands


def test_a_command_gets_what_a_shell_would_give_it(forks: ForkServer, tmp_path: Path) -> None:
    assert call(forks, tmp_path, b"tell", b"\xc3\xa9").code == 0
    assert (tmp_path / "out").read_text() == f"é {tmp_path} red\n"
    assert call(forks, tmp_path, b"closed", stdout=False).code == 1


@pytest.mark.parametrize(
    ("code", "stderr", "failure"),
    [
        (0, b"", None),
        (1, b"smile-gate: p.jpg: expected an image\n", None),
        (2, b"smile-gate: p.jpg: expected an image\n", None),
        (2, b"", "words"),
        (2, b"no image\n", "words"),
        (0, b"Corrupt JPEG data\n", "words"),
        (120, b"", "words"),
        (1, b"Exception ignored in: <x>\n", "traceback"),
    ],
)
def test_a_failure_has_a_line_of_the_command(code: int, stderr: bytes, failure: str | None) -> None:
    fault = judge(0, FILE, Reply(code, timed_out=False, peak_mb=9.0), stderr)
    assert (fault.failure if fault else None) == failure


def test_a_number_gives_the_same_try_and_every_kind_comes(tmp_path: Path) -> None:
    kinds = set()
    folders = tmp_path / "a", tmp_path / "b"
    with closing(AnswerServer()) as server:
        (tmp_path / "clips").mkdir()
        valid = make_valid(tmp_path / "clips", server)
        for number in range(60):
            made = []
            for folder in folders:
                (folder / str(number)).mkdir(parents=True)
                case = make_case(valid, 3, number, folder / str(number))
                made.append((case, server.answer, contents(folder / str(number))))
            assert made[0] == made[1]
            kinds.add(made[0][0].kind)
    assert kinds == set(KINDS)


def test_undamaged_settings_fire_every_output(tmp_path: Path) -> None:
    with closing(AnswerServer()) as server, ForkServer() as smile_gate:
        (tmp_path / "clips").mkdir()
        valid = make_valid(tmp_path / "clips", server)
        cases._put_pictures(valid, tmp_path, 8)
        (tmp_path / "bundle").symlink_to(SHIPPED_BUNDLE)
        (tmp_path / "c.toml").write_bytes(cases._as_toml(cases.SETTINGS))
        reply = call(smile_gate, tmp_path, b"run", b"--config=c.toml", b"--events=-", seconds=20.0)
    assert reply.code == 0, (tmp_path / "err").read_text()
    events = map(json.loads, (tmp_path / "out").read_text().splitlines())
    fired = {event["output"] for event in events if event["event"] == "fired"}
    assert fired == set(cases.SETTINGS["outputs"]) - {"light"}


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_the_verb_prints_what_it_tried_and_how_to_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    arguments = ["faults", "--seed", "2", "--first", "5", "--tries", "8", "--json", str(file)]
    code = main(arguments)
    figures = json.loads(file.read_text())
    assert sum(figures["tried"].values()) == 8
    assert figures["peak_mb"] > 20.0
    assert code == int(any(figures["failed"].values()))
    out = capsys.readouterr().out
    assert re.search(r"seed 2: 8 tried in \d+ s: ", out)
    assert "to go on: --seed 2 --first 13\n" in out


def test_a_fault_is_printed_once_and_its_files_are_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verb = partial(faults, command=f"{__name__}:always_raises")
    keep = tmp_path / "kept"
    assert main(["faults", "--tries", "5", "--keep", str(keep)], faults=verb) == 1
    out = capsys.readouterr().out
    assert out.count("traceback, try 0: ") == 1
    assert "5 tracebacks, 0 hangs, 0 crashes" in out
    assert sorted(path.name for path in keep.iterdir()) == list("01234")


def always_raises(_: Sequence[str]) -> int:
    raise ZeroDivisionError
