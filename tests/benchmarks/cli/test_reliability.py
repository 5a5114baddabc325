from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.cli.reliability import GateTries, gate, service


def test_gate_prints_and_keeps_its_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verb = partial(gate, few=GateTries(1, 40, 3, 0.1, 2))
    assert main(["gate", "--quick", "--json", str(tmp_path / "figures.json")], gate=verb) == 0
    out = capsys.readouterr().out
    assert "0 rules broken" in out
    assert "0 left one active" in out
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert set(figures) == {"rules", "frame_rates", "pin_ms", "photo", "kills"}


def test_endurance_prints_and_keeps_its_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    assert main(["endurance", "--minutes", "0.01", "--json", str(file)]) == 0
    figures = json.loads(file.read_text())
    assert 10 < figures["early_mb"] <= figures["late_mb"] + 50
    assert figures["frames"] > 0
    assert f"{figures['frames']:,} frames" in capsys.readouterr().out


def test_exit_code_1_says_that_the_service_did_not_come_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refuses = [sys.executable, "-c", "import sys; print('no room', file=sys.stderr); sys.exit(2)"]
    verb = partial(service, command=refuses)
    arguments = ["service", "--quick", "--json", str(tmp_path / "figures.json")]
    assert main(arguments, service=verb) == 1
    out = capsys.readouterr().out
    assert "starts and stops: 0 came back, 4 did not (no room); no times" in out
    assert "left alone it ended: no room" in out
    assert json.loads((tmp_path / "figures.json").read_text())["did_not"] == 13
