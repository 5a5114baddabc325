"""What must hold of a trigger whatever its settings and whatever it is shown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise, takewhile
from typing import NamedTuple

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edge.settings import TriggerSettings
from edge.trigger import Trigger
from edge.values import Box, Decision, Face, SmileScore

RULES = hypothesis.settings(derandomize=True, deadline=None, max_examples=150)

MINUTE = 60.0
BLIND_S = 2.0
SLOWEST_S = 0.2
LEVEL_EPS = 1e-9
TIME_EPS = 5e-4  # finer than the trigger looks between two frames

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


class Sighting(NamedTuple):
    time: float
    score: float
    level: float
    box: Box
    frame_before: float


def crossing(a: Sighting, b: Sighting, threshold: float, time_constant: float) -> float:
    """When the smoothed level met a threshold between two sightings."""

    def is_below(time: float) -> bool:
        share = (time - a.time) / (b.time - a.time)
        score = a.score + share * (b.score - a.score)
        return smoothed(a, time, score, time_constant) < threshold

    before, after = a.time, b.time
    while after - before > TIME_EPS / 10:
        middle = (before + after) / 2
        if is_below(middle) == (a.level < threshold):
            before = middle
        else:
            after = middle
    return after


def smoothed(last: Sighting, time: float, score: float, time_constant: float) -> float:
    """The solution of level' = (score - level) / time_constant for a score on a line."""
    if time_constant == 0.0:
        return score
    lag = (score - last.score) / (time - last.time) * time_constant
    faded = math.exp(-(time - last.time) / time_constant)
    return score - lag + (last.level - last.score + lag) * faded


class Watched:
    """One face from where it started anew: all that was seen of it."""

    def __init__(self, time_constant: float) -> None:
        self.time_constant = time_constant
        self.seen: list[Sighting] = []
        self.rests_from = 0

    def started(self, i: int, threshold: float) -> float:
        """When what is seen at a sighting is taken to have started, between frames at most."""
        here = self.seen[i]
        if not i:
            return here.time
        met = crossing(self.seen[i - 1], here, threshold, self.time_constant)
        return max(met, here.frame_before, here.time - SLOWEST_S)

    def smile_began(self, on: float, off: float) -> float | None:
        """When the smile under way began, None when there is none."""
        unbroken = takewhile(lambda sighting: sighting.level >= off, reversed(self.seen))
        for i in range(len(self.seen) - len(list(unbroken)), len(self.seen)):
            if self.seen[i].level >= on:
                return self.started(i, on)
        return None

    def rested(self, off: float) -> float:
        """How long it was neutral without a break, at best, since its smile last fired."""
        seen = self.seen
        rests = [-math.inf]
        since = range(self.rests_from, len(seen))
        for neutral, run in groupby(since, lambda i: seen[i].level < off):
            if neutral:
                indices = list(run)
                first, last = indices[0], indices[-1]
                ended = last + 1 < len(seen)
                end = (
                    crossing(seen[last], seen[last + 1], off, self.time_constant)
                    if ended
                    else seen[last].time
                )
                rests.append(end - self.started(first, off))
        return max(rests)

    def qualifies(self, time: float, settings: TriggerSettings, doubt: float) -> bool:
        """Tell whether its smile lasted, after a rest where that is asked for: surely with a
        positive doubt, perhaps with a negative one."""
        level = math.copysign(LEVEL_EPS, doubt)
        began = self.smile_began(settings.threshold_on + level, settings.threshold_off + level)
        if began is None or time - began < settings.hold_s + doubt:
            return False
        rest = self.rested(settings.threshold_off - level) if settings.neutral_first else math.inf
        return rest >= settings.neutral_s + doubt


class Witness:
    """Sees what a trigger sees, and holds its decisions against the rules."""

    def __init__(self, settings: TriggerSettings) -> None:
        self.settings = settings
        self.watched: dict[int, Watched] = {}
        self.smiling: set[int] = set()
        self.used: set[int] = set()
        self.firings: list[float] = []
        self.refused = self.frame_before = -math.inf

    def hear(self, scored: Sequence[SmileScore], decision: Decision) -> None:
        least = self.settings.min_face_px
        areas = {one.face.id: one.face.box.area for one in scored if one.face.box.w >= least}
        for one in scored:
            if one.face.id in areas:
                self._see(decision.time, one)
        for face, watched in list(self.watched.items()):
            unseen_s = decision.time - watched.seen[-1].time
            if face not in areas and unseen_s > self.settings.bridge_s:
                del self.watched[face]
        self.frame_before = decision.time
        self._check_smiles(decision)
        self._check_firing(decision, areas)
        assert decision.smiling == bool(self.used)
        assert 0.0 <= decision.score <= 1.0
        level = max((watched.seen[-1].level for watched in self.watched.values()), default=0.0)
        assert abs(decision.score - level) <= LEVEL_EPS

    def _see(self, time: float, scored: SmileScore) -> None:
        face, box, level = scored.face.id, scored.face.box, scored.score
        if face in self.watched:
            last = self.watched[face].seen[-1]
            across = abs((box.x + box.w / 2) - (last.box.x + last.box.w / 2))
            down = abs((box.y + box.h / 2) - (last.box.y + last.box.h / 2))
            change = max(across, down, abs(box.w - last.box.w)) / last.box.w
            unseen_s = time - last.time if last.time < self.frame_before else 0.0
            if (
                time - last.time > BLIND_S
                or unseen_s > self.settings.bridge_s
                or change > self.settings.jump_widths
            ):
                del self.watched[face]
            else:
                level = smoothed(last, time, scored.score, self.settings.smoothing_s)
        self.watched.setdefault(face, Watched(self.settings.smoothing_s)).seen.append(
            Sighting(time, scored.score, level, box, self.frame_before)
        )

    def _check_smiles(self, decision: Decision) -> None:
        for face in decision.smile_off:
            self.smiling.remove(face)
            self.used.discard(face)
        for face in decision.smile_on:
            assert face not in self.smiling
            self.smiling.add(face)
        assert self.smiling <= self.watched.keys()
        on, off = self.settings.threshold_on, self.settings.threshold_off
        for face, watched in self.watched.items():
            surely = watched.smile_began(on + LEVEL_EPS, off + LEVEL_EPS) is not None
            perhaps = watched.smile_began(on - LEVEL_EPS, off - LEVEL_EPS) is not None
            assert surely <= (face in self.smiling) <= perhaps

    def _qualify(self, time: float, doubt: float) -> set[int]:
        watched = self.watched.items()
        return {face for face, one in watched if one.qualifies(time, self.settings, doubt)}

    def _check_firing(self, decision: Decision, areas: Mapping[int, int]) -> None:
        time, face, who = decision.time, decision.face, self.settings.who
        recent = sum(time - fired < MINUTE for fired in self.firings)
        cool = not self.firings or time - self.firings[-1] >= self.settings.cooldown_s
        if decision.too_many and time >= self.refused + MINUTE:
            assert cool
            assert self._qualify(time, -TIME_EPS) - self.used
            assert recent == self.settings.max_per_minute
            self.refused = time
        assert decision.too_many == (time < self.refused + MINUTE)
        assert decision.fire == (face is not None)
        if face is None:
            if cool and who == "any" and not decision.too_many:
                assert not (self._qualify(time, TIME_EPS) & areas.keys()) - self.used
            return
        perhaps = self._qualify(time, -TIME_EPS)
        assert cool
        assert not decision.too_many
        assert recent < self.settings.max_per_minute
        assert face in (perhaps & areas.keys()) - self.used
        if who == "largest":
            assert areas[face] == max(areas.values())
        elif who == "all":
            assert self.watched.keys() <= perhaps | self.used
        elif who == "count":
            assert len((perhaps & areas.keys()) - self.used) >= self.settings.count
        self.firings.append(time)
        self.used |= self.smiling
        for smiling in self.smiling:
            self.watched[smiling].rests_from = len(self.watched[smiling].seen) - 1


class AnyTrigger(RuleBasedStateMachine):
    @initialize(settings=trigger_settings(), time=st.sampled_from([0.0, 1e5]))
    def start(self, settings: TriggerSettings, time: float) -> None:
        self.trigger = Trigger(settings)
        self.witness = Witness(settings)
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
                self.witness.hear(seen, self.trigger.step(self.time, seen))

    @invariant()
    def firings_are_a_cooldown_apart(self) -> None:
        for earlier, later in pairwise(self.witness.firings):
            assert later - earlier >= self.witness.settings.cooldown_s

    @invariant()
    def no_minute_has_too_many_firings(self) -> None:
        firings, most = self.witness.firings, self.witness.settings.max_per_minute
        for first, one_more in zip(firings, firings[most:], strict=False):
            assert one_more - first >= MINUTE


AnyTrigger.TestCase.settings = hypothesis.settings(RULES, stateful_step_count=40)
TestAnyTrigger = AnyTrigger.TestCase
