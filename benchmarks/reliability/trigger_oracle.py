"""The rules of the trigger, checked from outside: an oracle for tests and benchmarks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple

from edge.settings import TriggerSettings
from edge.values import Decision, SmileScore

MINUTE = 60.0
BLIND_S = 2.0
SLOWEST_S = 0.2
LEVEL_EPS = 1e-9
TIME_EPS = 5e-4  # finer than the trigger searches between two frames


class Sighting(NamedTuple):
    """A face in a frame: the frame's time, the face's score and smoothed score, its box, and the
    time of the frame before, with or without the face."""

    time: float
    score: float
    level: float
    box: tuple[int, int, int, int]
    frame_before: float


def smoothed(last: Sighting, time: float, score: float, time_constant: float) -> float:
    """Return the solution of level' = (score - level) / time_constant for a score on a line."""
    if time_constant == 0.0:
        return score
    lag = (score - last.score) / (time - last.time) * time_constant
    faded = math.exp(-(time - last.time) / time_constant)
    return score - lag + (last.level - last.score + lag) * faded


def crossing(a: Sighting, b: Sighting, threshold: float, time_constant: float) -> float:
    """Return when the smoothed score met a threshold between two sightings."""
    before, after = a.time, b.time
    while after - before > TIME_EPS / 10:
        middle = (before + after) / 2
        score = a.score + (middle - a.time) / (b.time - a.time) * (b.score - a.score)
        if (smoothed(a, middle, score, time_constant) < threshold) == (a.level < threshold):
            before = middle
        else:
            after = middle
    return after


def started(last: Sighting | None, here: Sighting, threshold: float, constant: float) -> float:
    """Return when the state seen at a sighting is taken to have started."""
    if last is None:
        return here.time
    met = crossing(last, here, threshold, constant)
    return max(met, here.frame_before, here.time - SLOWEST_S)


class Bound:
    """What is certain of a face since its track began, or what is possible.

    Args:
        doubt: 1 for what is certain, -1 for what is possible, given that levels and times that
            were computed in another way differ a little.
    """

    def __init__(self, settings: TriggerSettings, doubt: int, first: Sighting) -> None:
        self._on = settings.threshold_on + doubt * LEVEL_EPS
        self._off = settings.threshold_off + doubt * LEVEL_EPS
        self._neutral_below = settings.threshold_off - doubt * LEVEL_EPS
        self._constant = settings.smoothing_s
        self._hold_s = settings.hold_s + doubt * TIME_EPS
        self._neutral_s = settings.neutral_s + doubt * TIME_EPS
        self.smile_start: float | None = None  # of the smile under way
        self._neutral_start: float | None = None
        self._longest_neutral = -math.inf  # unbroken, since its smile last fired
        self.add(None, first)

    def add(self, last: Sighting | None, here: Sighting) -> None:
        if here.level < self._off:
            self.smile_start = None
        elif self.smile_start is None and here.level >= self._on:
            self.smile_start = started(last, here, self._on, self._constant)
        if here.level < self._neutral_below:
            if self._neutral_start is None:
                self._neutral_start = started(last, here, self._neutral_below, self._constant)
            self._extend_neutral(here.time)
        elif self._neutral_start is not None and last is not None:
            self._extend_neutral(crossing(last, here, self._neutral_below, self._constant))
            self._neutral_start = None

    def consume(self) -> None:
        self._longest_neutral = -math.inf

    def held(self, time: float) -> bool:
        """Tell whether the smile under way has lasted for the hold."""
        return self.smile_start is not None and time - self.smile_start >= self._hold_s

    def was_neutral(self) -> bool:
        return self._longest_neutral >= self._neutral_s

    def _extend_neutral(self, end: float) -> None:
        start = end if self._neutral_start is None else self._neutral_start
        self._longest_neutral = max(self._longest_neutral, end - start)


class Watched:
    """One face since its track began."""

    def __init__(self, settings: TriggerSettings, first: Sighting) -> None:
        self.certain, self.possible = Bound(settings, 1, first), Bound(settings, -1, first)
        self.last = first

    def add(self, here: Sighting) -> None:
        self.certain.add(self.last, here)
        self.possible.add(self.last, here)
        self.last = here


class Oracle:
    """Sees what a trigger sees, and checks its decisions against the rules.

    It knows nothing of how the trigger works: it smooths, tracks and searches on its own.

    Attributes:
        broken: how often each rule was broken.
        firings: the times of all firings, in seconds.
    """

    def __init__(self, settings: TriggerSettings) -> None:
        self._settings = settings
        self._watched: dict[int, Watched] = {}
        self._smiling: set[int] = set()
        self._consumed: set[int] = set()
        self._refused_at = self._frame_before = -math.inf
        self.firings: list[float] = []
        self.broken: Counter[str] = Counter()

    def check(self, scores: Sequence[SmileScore], decision: Decision) -> None:
        """Check the decision on the next frame; ``broken`` counts what it breaks."""
        time = decision.time
        large = [scored for scored in scores if scored.face.box.w >= self._settings.min_face_px]
        areas = {scored.face.id: scored.face.box.area for scored in large}
        for scored in large:
            self._add(time, scored)
        for face in self._watched.keys() - areas.keys():
            if time - self._watched[face].last.time > self._settings.bridge_s:
                del self._watched[face]
        self._frame_before = time
        self._check_smiles(decision)
        self._check_refusal(decision)
        self._check_firing(decision, areas)
        self._require(
            "smiling while a consumed smile lasts", decision.smiling == bool(self._consumed)
        )
        level = max((face.last.level for face in self._watched.values()), default=0.0)
        self._require("score is the highest level", abs(decision.score - level) <= LEVEL_EPS)
        self._require("score from 0 to 1", 0.0 <= decision.score <= 1.0)

    def _require(self, rule: str, kept: bool) -> None:
        if not kept:
            self.broken[rule] += 1

    def _add(self, time: float, scored: SmileScore) -> None:
        here = Sighting(time, scored.score, scored.score, scored.face.box, self._frame_before)
        watched = self._watched.get(scored.face.id)
        if watched is None or self._is_lost(watched.last, here):
            self._watched[scored.face.id] = Watched(self._settings, here)
        else:
            level = smoothed(watched.last, time, scored.score, self._settings.smoothing_s)
            watched.add(here._replace(level=level))

    def _is_lost(self, last: Sighting, here: Sighting) -> bool:
        """Tell whether a face was unseen for too long, or is too far away, to be the same."""
        apart_s = here.time - last.time
        unseen = last.time < self._frame_before and apart_s > self._settings.bridge_s
        (x, y, w, h), (to_x, to_y, to_w, to_h) = last.box, here.box
        across, down = abs(to_x + to_w / 2 - (x + w / 2)), abs(to_y + to_h / 2 - (y + h / 2))
        widths = max(across, down, abs(to_w - w)) / w
        return apart_s > BLIND_S or unseen or widths > self._settings.jump_widths

    def _check_smiles(self, decision: Decision) -> None:
        for face in decision.smile_off:
            self._require("only a smile under way ends", face in self._smiling)
            self._smiling.discard(face)
            self._consumed.discard(face)
        for face in decision.smile_on:
            self._require("only a face that does not smile starts", face not in self._smiling)
            self._smiling.add(face)
        self._require("only a face that is there smiles", self._smiling <= self._watched.keys())
        for face, watched in self._watched.items():
            smiles = face in self._smiling
            if watched.certain.smile_start is not None:
                self._require("smile from the upper to the lower threshold", smiles)
            elif watched.possible.smile_start is None:
                self._require("no smile but from the upper to the lower threshold", not smiles)

    def _check_refusal(self, decision: Decision) -> None:
        time = decision.time
        over = time >= self._refused_at + MINUTE
        if decision.too_many and over:
            eligible = self._qualified(time, certain=False) - self._consumed
            self._require("only an eligible face is refused", bool(eligible))
            self._require("refused after the cooldown", self._is_cool(time))
            self._require(
                "refused at one too many", self._recent(time) == self._settings.max_per_minute
            )
            self._refused_at = time
        else:
            self._require("refused for a minute", decision.too_many is not over)

    def _check_firing(self, decision: Decision, areas: Mapping[int, int]) -> None:
        time, face = decision.time, decision.face
        self._require("a firing names its face", decision.fire == (face is not None))
        if face is None:
            if not decision.too_many and self._is_cool(time):
                self._require("an eligible face fires", not self._must_fire(time, areas))
            return
        qualified = self._qualified(time, certain=False)
        fresh = (qualified & areas.keys()) - self._consumed
        self._require("only an eligible face fires", face in fresh)
        self._require("who must smile does", self._who_smiles(fresh, qualified))
        if self._settings.who == "largest":
            self._require("only the largest face fires", face in largest(areas))
        self._require("cooldown between firings", self._is_cool(time))
        self._require("no firing while refused", not decision.too_many)
        self._require("no firing too many", self._recent(time) < self._settings.max_per_minute)
        self.firings.append(time)
        self._consumed |= self._smiling
        for smiling in self._smiling & self._watched.keys():
            self._watched[smiling].certain.consume()
            self._watched[smiling].possible.consume()

    def _must_fire(self, time: float, areas: Mapping[int, int]) -> bool:
        qualified = self._qualified(time, certain=True)
        fresh = (qualified & areas.keys()) - self._consumed
        if self._settings.who == "largest":
            return bool(areas) and largest(areas) <= fresh
        return bool(fresh) and self._who_smiles(fresh, qualified)

    def _who_smiles(self, fresh: set[int], qualified: set[int]) -> bool:
        """Tell whether as many smile as ``who`` asks for; a single largest face is no matter."""
        if self._settings.who == "all":
            return self._watched.keys() <= qualified
        return self._settings.who != "count" or len(fresh) >= self._settings.count

    def _qualified(self, time: float, *, certain: bool) -> set[int]:
        """Return the faces whose smile lasted, after a neutral face where that is asked for."""
        watched = self._watched.items()
        bounds = {face: seen.certain if certain else seen.possible for face, seen in watched}
        held = {face for face, bound in bounds.items() if bound.held(time)}
        if not self._settings.neutral_first:
            return held
        return {face for face in held if face in self._consumed or bounds[face].was_neutral()}

    def _is_cool(self, time: float) -> bool:
        return not self.firings or time - self.firings[-1] >= self._settings.cooldown_s

    def _recent(self, time: float) -> int:
        """Return how many firings were in the last minute."""
        recent = takewhile(lambda fired: time - fired < MINUTE, reversed(self.firings))
        return len(list(recent))


def largest(areas: Mapping[int, int]) -> set[int]:
    """Return the face with the largest area; several where they are equal."""
    most = max(areas.values(), default=0)
    return {face for face, area in areas.items() if area == most}
