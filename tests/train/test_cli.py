from __future__ import annotations

import re
from pathlib import Path

import pytest

from edge.settings import SHIPPED_BUNDLE
from train import cli


def test_evaluate_prints_each_set(tiny_sets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["evaluate", str(SHIPPED_BUNDLE), "--data", str(tiny_sets)]) == 0
    lines = capsys.readouterr().out.splitlines()
    names = ["genki4k", "SMILEsmileD", "fer2013", "fer2013 happy/neutral"]
    assert [line.split("  ")[0] for line in lines] == names
    assert "10 of 10 right, 0 faces missed" in lines[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "nowhere", "--data", "."], "train: nowhere/manifest.json: expected a model"),
        (["evaluate", str(SHIPPED_BUNDLE), "--data", "."], "train: .: expected one of genki4k"),
        (["evaluate", str(SHIPPED_BUNDLE), "--data", ".", "--set", "x"], "train: x: expected a"),
        (["faces", "--data", "."], "train: .: expected genki4k.tar or a folder"),
    ],
)
def test_bad_input_gets_one_line(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith(message)
    assert len(err.splitlines()) == 1


def test_the_figures_are_printed(tiny_sets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Some of the portraits have names of real test pictures, though not their faces."""
    assert cli.main(["faces", "--data", str(tiny_sets)]) == 0
    assert re.fullmatch(
        r"\d+ pictures: the face found in \d+\.\d\d %, a false face in \d+\.\d\d %, "
        r"one larger than the face in \d+\.\d\d %\n",
        capsys.readouterr().out,
    )
