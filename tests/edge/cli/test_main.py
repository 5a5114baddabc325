"""What may happen to the command before its verb begins, and to its standard streams."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from edge.cli.__main__ import main
from tests.edge.cli.commands import command

INTERRUPTED = """
import os, signal
try:
    os.kill(os.getpid(), signal.SIGINT)
    str()  # a signal is handled between two instructions
except BaseException as error:  # as modules in C do
    raise ImportError("no such module") from error
"""


@pytest.mark.parametrize(
    ("call", "module"),
    [
        ([sys.executable, "-m", "edge.cli", "config", "show"], "cv2"),
        ([f"{Path(sys.executable).parent}/smile-gate", "cameras"], "cv2"),
        ([sys.executable, "-m", "edge.cli", "classify", "x.jpg"], "ai_edge_litert"),
    ],
)
def test_ctrl_c_while_a_module_is_imported_says_nothing(
    tmp_path: Path, call: Sequence[str], module: str
) -> None:
    (tmp_path / f"{module}.py").write_text(INTERRUPTED)
    config = tmp_path / "c.toml"
    config.touch()
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [*call, "--config", config], check=False, capture_output=True, text=True, env=environment
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_ctrl_c_ends_a_verb(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr("edge.cli.config.show", lambda _: signal.raise_signal(signal.SIGINT))
    assert main(["config", "show"]) == 130
    assert signal.signal(signal.SIGINT, before) is signal.default_int_handler


@pytest.mark.parametrize(
    ("arguments", "code", "closed"),
    [
        (["classify", "--json", "a-hopper.jpg"], 0, ">&-"),
        (["classify", "gone.jpg"], 1, "<&- >&- 2>&-"),
        (["run", "--source", "images:."], 0, ">&- 2>&-"),
        (["config", "show"], 0, "<&-"),
        (["--help"], 0, ">&-"),
        (["jump"], 2, "2>&-"),
        (["safe", "--config", "gone.toml"], 2, "2>&-"),
    ],
)
def test_a_closed_standard_stream_is_no_failure(
    portraits: Path, arguments: Sequence[str], code: int, closed: str
) -> None:
    call = ["sh", "-c", f'exec "$@" {closed}', "sh", *command(*arguments)]
    done = subprocess.run(call, check=False, capture_output=True, text=True, cwd=portraits)
    assert (done.returncode, done.stderr) == (code, "")
