from __future__ import annotations

import pytest

from benchmarks.reliability.trigger_rules import Referee, frame_rates, rules
from edge.settings import TriggerSettings
from edge.values import Decision


def test_random_steps_break_no_rule() -> None:
    found = rules(40_000)
    assert found["broken"] == 0
    assert found["firings"] > 100


@pytest.mark.parametrize(
    "decisions",
    [
        [Decision(1.0, fire=True, face=1)],
        [Decision(1.0, smile_on=(1,)), Decision(1.1, fire=True, face=1)],
        [Decision(1.0, smile_on=(1,)), *(Decision(t, fire=True, face=1) for t in (2.0, 9.0))],
        [
            Decision(1.0, smile_on=(1, 2)),
            Decision(2.0, fire=True, face=1),
            Decision(2.5, smile_off=(2,)),
            Decision(3.0, smile_on=(2,)),
            Decision(4.0, fire=True, face=2),
        ],
        [Decision(1.0, smile_off=(1,))],
        [Decision(1.0, smile_on=(1,)), Decision(2.0, fire=True, face=1, too_many=True)],
    ],
    ids=["no smile", "no hold", "twice", "cooldown", "off before on", "refused"],
)
def test_the_referee_sees_a_broken_rule(decisions: list[Decision]) -> None:
    referee = Referee(TriggerSettings(hold_s=0.5, cooldown_s=3.0))
    for decision in [Decision(0.9), *decisions]:
        referee.check(decision)
    assert referee.broken


def test_frame_rates_agree() -> None:
    found = frame_rates(60)
    assert found["firings"] > 10
    assert found["frames_apart"] < 1.001
