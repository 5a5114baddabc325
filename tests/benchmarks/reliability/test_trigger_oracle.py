"""The oracle of the trigger's rules sees each rule broken."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from benchmarks.reliability.trigger_oracle import Oracle
from benchmarks.reliability.trigger_rules import random_scores
from edge.settings import TriggerSettings
from edge.trigger import Trigger
from edge.values import Box, Face, SmileScore

FACE = Face(1, Box(100, 50, 80, 80), 5.0)
SETTINGS = TriggerSettings(
    smoothing_s=0.0, hold_s=0.35, cooldown_s=1.75, bridge_s=0.15, max_per_minute=6
)


def show_film(oracle: Oracle, trigger: Trigger) -> None:
    """Show both a film of two faces whose scores wander and whose places change now and then."""
    for step, scores in enumerate(random_scores(np.random.default_rng(3), 3000)):
        moved = [
            replace(seen, face=replace(seen.face, box=Box(step // 100 % 2 * 60, 50, 80, 80)))
            for seen in scores
        ]
        oracle.check(moved, trigger.step(step / 10, moved))


@pytest.mark.parametrize(
    "wrong",
    [
        {"threshold_on": 0.75},
        {"threshold_off": 0.45},
        {"smoothing_s": 0.2},
        {"hold_s": 0.25},
        {"hold_s": 0.45},
        {"cooldown_s": 1.65},
        {"cooldown_s": 1.85},
        {"bridge_s": 0.25},
        {"jump_widths": 10.0},
        {"min_face_px": 81},
        {"who": "all"},
        {"who": "count", "count": 2},
        {"neutral_first": True},
        {"max_per_minute": 7},
        {"max_per_minute": 5},
    ],
    ids=str,
)
def test_a_trigger_with_another_setting_breaks_rules(wrong: dict[str, Any]) -> None:
    both = (SETTINGS, replace(SETTINGS, **wrong))
    for rules, settings in itertools.product(both, both):
        oracle = Oracle(rules)
        show_film(oracle, Trigger(settings))
        assert bool(oracle.broken) is (rules != settings)


@pytest.mark.parametrize(
    ("time", "changes", "rule"),
    [
        (0.5, {"fire": True, "face": 1}, "only an eligible face fires"),
        (1.1, {"fire": True, "face": 1}, "only an eligible face fires"),
        (1.4, {"fire": False, "face": None}, "an eligible face fires"),
        (1.4, {"face": None}, "a firing names its face"),
        (1.4, {"too_many": True}, "no firing while refused"),
        (1.6, {"fire": True, "face": 1}, "only an eligible face fires"),
        (2.8, {"fire": True, "face": 1}, "cooldown between firings"),
        (0.5, {"smile_off": (1,)}, "only a smile under way ends"),
        (1.2, {"smile_on": (1,)}, "only a face that does not smile starts"),
        (0.5, {"smile_on": (2,)}, "only a face that is there smiles"),
        (0.5, {"smiling": True}, "smiling while a consumed smile lasts"),
        (0.5, {"score": 0.5}, "score is the highest level"),
        (0.5, {"too_many": True}, "only an eligible face is refused"),
    ],
)
def test_a_wrong_decision_breaks_a_rule(time: float, changes: dict[str, Any], rule: str) -> None:
    oracle, trigger = Oracle(SETTINGS), Trigger(SETTINGS)
    for tenth in range(40):  # smiles from 1.0 s to 2.0 s and from 2.2 s on
        seen = [SmileScore(FACE, 0.9 if 10 <= tenth < 20 or tenth >= 22 else 0.1)]
        decision = trigger.step(tenth / 10, seen)
        oracle.check(seen, replace(decision, **changes) if decision.time == time else decision)
        if decision.time < time:
            assert not oracle.broken
    assert oracle.broken[rule]
