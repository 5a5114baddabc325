from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.measure.frame_to_pin import at_camera_rate, latencies_s, pin_latency
from benchmarks.simulate.scenes import ONE, SMILES


def test_smiles_before_a_camera_reach_the_pin() -> None:
    entered = []

    @contextmanager
    def measured() -> Iterator[None]:
        entered.append("in")
        yield
        entered.append("out")

    figures = at_camera_rate(SMILES[0], 1.2, measured)
    assert entered == ["in", "out"]
    assert (figures.scene, figures.faces) == ("1 still at 640x480, smiling", 1)
    assert figures.frames + figures.dropped > 10
    assert 0 < figures.age_ms["p50"] <= figures.age_ms["p90"] <= figures.age_ms["p99"]
    assert figures.pin_ms["p50"] > 0
    assert figures.cpu_share > 0


def test_where_nobody_smiles_no_pin_moves() -> None:
    assert at_camera_rate(ONE, 0.3).pin_ms == {}


def test_pins_rise_for_each_firing() -> None:
    times = pin_latency(3)
    assert len(times["frame"]) == len(times["scores"]) == 3
    assert all(0 < scores < frame for scores, frame in zip(*reversed(times.values()), strict=True))


def test_a_pin_rises_for_the_last_frame_that_fired() -> None:
    assert latencies_s([1.0, 2.0, 3.0], [0.5, 1.25, 3.5]) == pytest.approx([0.25, 0.5])
