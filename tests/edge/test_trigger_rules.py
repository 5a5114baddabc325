"""What must hold of a trigger whatever its settings and whatever it is shown."""

from __future__ import annotations

from collections.abc import Sequence

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from benchmarks.reliability.trigger_oracle import Oracle
from edge.settings import TriggerSettings
from edge.trigger import Trigger
from edge.values import Box, Face, SmileScore
from tests.edge.trigger_strategies import (
    FACES,
    HERE,
    RULES,
    THERE,
    levels,
    places,
    trigger_settings,
)


class AnyTrigger(RuleBasedStateMachine):
    @initialize(settings=trigger_settings(), time=st.sampled_from([0.0, 1e5]))
    def start(self, settings: TriggerSettings, time: float) -> None:
        self.trigger = Trigger(settings)
        self.oracle = Oracle(settings)
        self.boxes = {1: HERE, 2: THERE}
        self.time = time

    @rule(face=st.sampled_from(FACES), box=places)
    def come(self, face: int, box: Box) -> None:
        self.boxes[face] = box

    @rule(face=st.sampled_from(FACES))
    def go(self, face: int) -> None:
        self.boxes.pop(face, None)

    @rule(to=st.permutations(FACES))
    def swap(self, to: Sequence[int]) -> None:
        self.boxes = {to[face - 1]: box for face, box in self.boxes.items()}

    @rule(seconds=st.floats(0.1, 3) | st.floats(20, 70))
    def wait(self, seconds: float) -> None:
        self.time += seconds

    @rule(
        fps=st.sampled_from([8, 10, 30, 60]) | st.floats(8, 60),
        course=st.lists(st.tuples(st.integers(1, 30), levels), min_size=1, max_size=4),
        trembling=st.integers(0, 9),
    )
    def watch(self, fps: float, course: list[tuple[int, Sequence[float]]], trembling: int) -> None:
        for frames, shown in course:
            for i in range(frames):
                self.time += 1 / fps
                seen = [
                    SmileScore(Face(face, box._replace(x=box.x + i % 2 * trembling), 1.0), score)
                    for face, score in zip(FACES, shown, strict=True)
                    if (box := self.boxes.get(face))
                ]
                self.oracle.check(seen, self.trigger.step(self.time, seen))

    @invariant()
    def no_rule_is_broken(self) -> None:
        assert not self.oracle.broken


AnyTrigger.TestCase.settings = hypothesis.settings(RULES, stateful_step_count=40)
TestAnyTrigger = AnyTrigger.TestCase
