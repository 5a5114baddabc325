"""What must hold of a trigger whatever its settings and whatever it is shown, and how its decisions
change, or do not, with either."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

import hypothesis
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from benchmarks.reliability.trigger_oracle import TIME_EPS, Oracle
from edge.settings import TriggerSettings
from edge.trigger import Trigger
from edge.values import Box, Decision, Face, SmileScore

RULES = hypothesis.settings(derandomize=True, deadline=None, max_examples=150)

FACES = (1, 2, 3)
HERE, THERE = Box(0, 0, 100, 100), Box(300, 50, 160, 160)

scores = st.sampled_from([0.0, 0.1, 0.9, 1.0]) | st.floats(0, 1)
levels = st.tuples(scores, scores, scores) | scores.map(lambda score: (score, score, score))
places = st.sampled_from([HERE, Box(10, 0, 90, 120), THERE]) | st.builds(
    Box, st.integers(0, 400), st.integers(0, 300), st.integers(40, 200), st.integers(40, 200)
)
# No sum of frame intervals is such a time, so that no comparison hangs on the last bit.
durations = st.just(0.0) | st.integers(0, 7).map(lambda tenths: tenths / 10 + 1 / 997)


@st.composite
def trigger_settings(draw: st.DrawFn) -> TriggerSettings:
    threshold_off, threshold_on = sorted(draw(st.just((0.4, 0.8)) | st.tuples(scores, scores)))
    return TriggerSettings(
        threshold_on=threshold_on,
        threshold_off=threshold_off,
        smoothing_s=draw(st.sampled_from([0.0, 0.1]) | st.floats(0.04, 1)),
        hold_s=draw(durations),
        cooldown_s=draw(durations | st.floats(0, 5)),
        bridge_s=draw(durations),
        jump_widths=draw(st.sampled_from([0.5, 10.0]) | st.floats(0.1, 10)),
        min_face_px=draw(st.sampled_from([0, 80])),
        who=draw(st.sampled_from(["any", "any", "largest", "all", "count"])),
        count=draw(st.integers(1, 3)),
        neutral_first=draw(st.booleans()),
        neutral_s=draw(durations),
        max_per_minute=draw(st.integers(1, 4) | st.just(600)),
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


class Scene(NamedTuple):
    """Some frames that show the same."""

    frames: int
    ticks: int
    faces: dict[int, tuple[float, Box]]


def scenes(faces: Sequence[int]) -> st.SearchStrategy[list[Scene]]:
    shown = st.dictionaries(st.sampled_from(faces), st.tuples(scores, st.just(HERE) | places))
    ticks = st.integers(17, 128) | st.integers(129, 3000)
    return st.lists(st.builds(Scene, st.integers(1, 20), ticks, shown), min_size=1, max_size=30)


def judged(settings: TriggerSettings, film: Sequence[Scene], start: int = 0) -> list[Decision]:
    """What a trigger makes of a film; a tick is 1/1024 s, so that no time is rounded."""
    trigger = Trigger(settings)
    tick = start * 1024
    decisions = []
    for scene in film:
        seen = [SmileScore(Face(i, box, 1.0), s) for i, (s, box) in scene.faces.items()]
        for _ in range(scene.frames):
            tick += scene.ticks
            decisions.append(trigger.step(tick / 1024, seen))
    return decisions


@RULES
@given(trigger_settings(), scenes(FACES), st.integers(1, 100_000))
def test_the_same_film_gets_the_same_decisions_at_any_time(
    settings: TriggerSettings, film: list[Scene], start: int
) -> None:
    now, later = judged(settings, film), judged(settings, film, start)
    assert judged(settings, film) == now
    assert [replace(decision, time=decision.time - start) for decision in later] == now


@RULES
@given(trigger_settings(), scenes(FACES[:1]), st.floats(0, 1), st.floats(0, 5))
def test_stricter_settings_fire_never_more_and_never_earlier(
    settings: TriggerSettings, film: list[Scene], rise: float, longer: float
) -> None:
    lax = replace(settings, neutral_first=False, max_per_minute=600)
    often = [decision.time for decision in judged(lax, film) if decision.fire]
    for stricter in (
        replace(lax, threshold_on=lax.threshold_on + rise * (1 - lax.threshold_on)),
        replace(lax, hold_s=lax.hold_s + longer),
        replace(lax, cooldown_s=lax.cooldown_s + longer),
    ):
        seldom = [decision.time for decision in judged(stricter, film) if decision.fire]
        assert len(seldom) <= len(often)
        assert all(late >= early for late, early in zip(seldom, often, strict=False))


class Smile(NamedTuple):
    ramp_s: float
    long: bool
    spare_s: float
    peak: float
    rest: float
    pause_s: float


smiles = st.builds(
    Smile,
    ramp_s=st.floats(0.3, 0.8),
    long=st.booleans(),
    spare_s=st.floats(0, 0.3),
    peak=st.floats(0.95, 1.0),
    rest=st.floats(0.0, 0.2),
    pause_s=st.floats(0.0, 1.5),
)
booths = st.builds(
    TriggerSettings,
    threshold_on=st.floats(0.6, 0.8),
    threshold_off=st.floats(0.3, 0.5),
    smoothing_s=st.sampled_from([0.0, 0.05, 0.1]),
    hold_s=st.floats(1.2, 2.5),
    cooldown_s=st.just(1.0),
    neutral_first=st.booleans(),
)


def curve(course: Sequence[Smile], settings: TriggerSettings) -> list[tuple[float, float]]:
    """The corners of a score that rises and falls, as (time, score)."""
    rest, time = course[0].rest, 0.0
    corners = [(time, rest)]
    for smile in course:
        more_s = 0.5 + smile.spare_s if smile.long else -2 * smile.ramp_s - smile.spare_s
        for lasting, score in (
            (settings.cooldown_s + 1.0 + smile.pause_s, rest),
            (smile.ramp_s, smile.peak),
            (max(0.0, settings.hold_s + more_s), smile.peak),
            (smile.ramp_s, smile.rest),
        ):
            time += lasting
            corners.append((time, score))
        rest = smile.rest
    return [*corners, (time + 1.0, rest)]


def sampled(corners: Sequence[tuple[float, float]], fps: int) -> Iterator[tuple[float, float]]:
    """The curve through the corners, at rest in each of them, at a frame rate."""
    frame = 0
    for (start, low), (end, high) in pairwise(corners):
        while frame / fps < end:
            share = (frame / fps - start) / (end - start)
            yield frame / fps, low + (high - low) * (1 - math.cos(math.pi * share)) / 2
            frame += 1


@RULES
@given(st.lists(smiles, min_size=1, max_size=5), booths)
def test_firings_do_not_depend_on_the_frame_rate(
    course: list[Smile], settings: TriggerSettings
) -> None:
    corners = curve(course, settings)
    fired: dict[int, list[float]] = {}
    for fps in (10, 30, 60):
        trigger = Trigger(settings)
        decisions = [
            trigger.step(time, [SmileScore(Face(1, Box(0, 0, 90, 90), 1.0), score)])
            for time, score in sampled(corners, fps)
        ]
        fired[fps] = [decision.time for decision in decisions if decision.fire]
        assert len(fired[fps]) == sum(smile.long for smile in course)
    for slow, fast in combinations(fired, 2):
        for one, other in zip(fired[slow], fired[fast], strict=True):
            assert abs(one - other) <= 1 / slow + TIME_EPS
