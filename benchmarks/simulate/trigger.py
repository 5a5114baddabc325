"""A trigger that fires at each smile at once, for what is timed behind it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from edge.settings import TriggerSettings
from edge.trigger import Trigger
from edge.values import Decision, SmileScore

EAGER = TriggerSettings(smoothing_s=0, hold_s=0, cooldown_s=0, max_per_minute=600)


class Step(NamedTuple):
    """When a frame was taken, scored and decided on, in monotonic seconds, and if it fired."""

    frame_s: float
    scored_s: float
    decided_s: float
    fired: bool


class EagerTrigger(Trigger):
    """Fires at once and notes its steps."""

    def __init__(self) -> None:
        super().__init__(EAGER)
        self.steps: list[Step] = []

    def step(self, time_: float, scores: Sequence[SmileScore]) -> Decision:
        scored_s = time.monotonic()
        decision = super().step(time_, scores)
        self.steps.append(Step(time_, scored_s, time.monotonic(), decision.fire))
        return decision
