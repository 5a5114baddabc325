"""The figures of ``python -m benchmarks gate``, with little work for each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import benchmarks.__main__ as benchmarks
from benchmarks.measure.pin_latency import pin_latency
from benchmarks.reliability.kills import kills
from benchmarks.reliability.trigger_rules import frame_rates, rules
from edge.model.classifier import Classifier


def test_random_steps_break_no_rule() -> None:
    found = rules(100_000)
    assert found["broken"] == 0
    assert found["firings"] > 500


def test_frame_rates_agree() -> None:
    found = frame_rates(60)
    assert found["firings"] > 10
    assert found["frames_apart"] < 1.001


def test_pins_rise_for_each_firing(classifier: Classifier) -> None:
    times = pin_latency(3, classifier)
    assert len(times["frame"]) == len(times["scores"]) == 3
    assert all(0 < scores < frame for scores, frame in zip(*reversed(times.values()), strict=True))


def test_no_kill_leaves_a_pin_active(tmp_path: Path) -> None:
    found = kills(12, tmp_path)
    assert found["met_active"] > 0
    assert found["left_active"] == 0
    assert found["longest_ms"] < 200


def test_prints_and_keeps_the_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("rules", "frame_rates", "pin_latency", "photo", "kills"):
        real = getattr(benchmarks, name)
        less = {"rules": 1, "frame_rates": 40, "pin_latency": 3, "photo": 0.1, "kills": 2}[name]
        monkeypatch.setattr(
            benchmarks, name, lambda _, *rest, real=real, less=less: real(less, *rest)
        )
    assert benchmarks.main(["gate", "--quick", "--json", str(tmp_path / "figures.json")]) == 0
    out = capsys.readouterr().out
    assert "0 rules broken" in out
    assert "0 left one active" in out
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert set(figures) == {"rules", "frame_rates", "pin_ms", "photo", "kills"}
