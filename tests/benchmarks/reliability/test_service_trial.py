from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.reliability.service_trial import Trial, series
from tests.conftest import ROOT


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with closing(Trial(tmp_path)) as trial:
        yield trial


def test_a_gate_that_does_not_come_back_is_counted() -> None:
    counted = {"came_back": 2, "did_not": 1, "median_s": 0.2, "longest_s": 0.3}
    assert series(3, [0.1, None, 0.3].__getitem__) == counted
    assert series(1, lambda _: None)["longest_s"] is None


def test_the_gate_comes_back(trial: Trial) -> None:
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


def test_a_gate_that_takes_bad_settings_is_noticed(trial: Trial) -> None:
    trial.BAD = 0.7  # which is good
    assert trial.reload(good=False) is None
