"""How a trigger's decisions change, or do not, with what it is shown and set to."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from benchmarks.reliability.trigger_oracle import TIME_EPS
from edge.settings import TriggerSettings
from edge.trigger import Trigger
from edge.values import Box, Decision, Face, SmileScore
from tests.edge.trigger_strategies import FACES, HERE, RULES, places, scores, trigger_settings


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
