from __future__ import annotations

from pathlib import Path

from benchmarks.reliability.kills import kill_runs


def test_no_kill_leaves_a_pin_active(tmp_path: Path) -> None:
    figures = kill_runs(12, tmp_path)
    assert figures["met_active"] > 0
    assert figures["left_active"] == 0
    assert figures["longest_ms"] < 200
