from __future__ import annotations

from benchmarks.measure.pin_latency import pin_latency


def test_pins_rise_for_each_firing() -> None:
    times = pin_latency(3)
    assert len(times["frame"]) == len(times["scores"]) == 3
    assert all(0 < scores < frame for scores, frame in zip(*reversed(times.values()), strict=True))
