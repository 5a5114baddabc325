from __future__ import annotations

from benchmarks.reliability.trigger_rules import frame_rates, rules


def test_random_steps_break_no_rule() -> None:
    found = rules(100_000)
    assert found["broken"] == 0
    assert found["firings"] > 500


def test_frame_rates_agree() -> None:
    found = frame_rates(60)
    assert found["firings"] > 10
    assert found["frames_apart"] < 1.001
