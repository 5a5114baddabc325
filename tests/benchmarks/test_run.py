from __future__ import annotations

import json
from pathlib import Path

import pytest

import benchmarks.__main__ as benchmarks


def test_prints_and_keeps_the_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmarks, "CALLS", 5)
    assert benchmarks.main(["run", "--out", str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert "one inference, one thread" in out
    assert "640x480 frame, one face" in out
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert len(report["raw_ms"]["inference"]) == benchmarks.WINDOWS
    assert report["median_ms"]["frame"] >= report["median_ms"]["faces"] > 0


def test_a_folder_that_cannot_be_made_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmarks, "CALLS", 1)
    (tmp_path / "file").touch()
    assert benchmarks.main(["run", "--out", str(tmp_path / "file")]) == 2
    assert "File exists" in capsys.readouterr().err
