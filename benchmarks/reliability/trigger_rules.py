"""Whether the trigger keeps its rules, whatever it is shown, and at every frame rate."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

import numpy as np

from edge.settings import TriggerSettings
from edge.trigger import Trigger
from edge.values import Box, Decision, Face, SmileScore

RATES = (8.0, 10.0, 15.0, 24.0, 30.0, 60.0)
FACES = tuple(Face(number, Box(100 * number, 50, 80, 80), 5.0) for number in (1, 2))


class Referee:
    """Checks each decision against the rules, from scores and decisions alone."""

    def __init__(self, settings: TriggerSettings) -> None:
        self._settings = settings
        self._started: dict[int, float] = {}  # the last frame before each smile
        self._used: set[int] = set()
        self._fired: deque[float] = deque(maxlen=settings.max_per_minute + 1)
        self._before = 0.0
        self.broken = 0
        self.fired = 0

    def check(self, decision: Decision) -> None:
        """Count each rule that this decision breaks."""
        for face in decision.smile_off:
            self.broken += face not in self._started
            self._started.pop(face, None)
            self._used.discard(face)
        for face in decision.smile_on:
            self.broken += face in self._started
            self._started[face] = self._before
        if decision.fire:
            self._check_firing(decision)
        self._before = decision.time

    def _check_firing(self, decision: Decision) -> None:
        settings, face = self._settings, decision.face
        self.fired += 1
        earliest = self._started.get(face or 0, decision.time)
        self.broken += decision.time - earliest < settings.hold_s
        self.broken += face in self._used
        self.broken += decision.too_many
        if self._fired:
            self.broken += decision.time - self._fired[-1] < settings.cooldown_s
        self._fired.append(decision.time)
        if len(self._fired) == self._fired.maxlen:
            self.broken += decision.time - self._fired[0] < Trigger.MINUTE
        self._used |= set(self._started)


def random_scores(rng: np.random.Generator, steps: int) -> list[tuple[SmileScore, ...]]:
    """Return scores of no, one or two faces that wander between 0 and 1."""
    walks = [np.cumsum(rng.normal(0.0, 0.25, steps)) for _ in FACES]
    scores = [np.abs((walk + 1.0) % 4.0 - 2.0) / 2.0 for walk in walks]
    seen = rng.random((len(FACES), steps)) < 0.9
    return [
        tuple(
            SmileScore(face, float(scores[index][step]))
            for index, face in enumerate(FACES)
            if seen[index][step]
        )
        for step in range(steps)
    ]


def random_settings(rng: np.random.Generator) -> TriggerSettings:
    """Return settings anywhere in the sensible part of their ranges."""
    on, off = sorted(rng.uniform(0.2, 0.95, 2))[::-1]
    return TriggerSettings(
        threshold_on=float(on),
        threshold_off=float(off),
        smoothing_s=float(rng.choice([0.0, 0.05, 0.1, 0.5])),
        hold_s=float(rng.uniform(0.0, 1.0)),
        cooldown_s=float(rng.uniform(0.0, 5.0)),
        bridge_s=float(rng.uniform(0.0, 0.5)),
        who=str(rng.choice(["any", "largest", "all", "count"])),  # type: ignore[arg-type]
        neutral_first=bool(rng.random() < 0.5),
        neutral_s=float(rng.uniform(0.0, 1.0)),
        max_per_minute=int(rng.integers(3, 30)),
    )


def rules(steps: int, seed: int = 1) -> dict[str, float]:
    """Judge random scores at mixed frame rates, with other settings every 10,000 steps.

    Returns:
        Steps, firings, rules broken, and steps a second of the trigger alone.
    """
    rng = np.random.default_rng(seed)
    scores = random_scores(rng, 10_000)
    done = fired = broken = 0
    seconds = 0.0
    while done < steps:
        settings = random_settings(rng)
        trigger, referee = Trigger(settings), Referee(settings)
        times = np.cumsum(1.0 / rng.choice(RATES, len(scores))).tolist()
        start = int(rng.integers(len(scores)))
        shuffled = scores[start:] + scores[:start]
        began = time.perf_counter()
        decisions = [trigger.step(at, seen) for at, seen in zip(times, shuffled, strict=True)]
        seconds += time.perf_counter() - began
        for decision in decisions:
            referee.check(decision)
        done += len(decisions)
        fired += referee.fired
        broken += referee.broken
    return {"steps": done, "firings": fired, "broken": broken, "per_second": done / seconds}


def random_smiles(rng: np.random.Generator, count: int) -> tuple[list[float], list[float]]:
    """Return times and scores between which lines are drawn: smiles that last clearly longer or
    clearly shorter than the hold, and pauses longer than the cooldown."""
    times, scores = [0.0], [0.05]
    for _ in range(count):
        short = rng.random() < 0.5
        ramps = rng.uniform(0.02, 0.06, 2) if short else rng.uniform(0.1, 0.6, 2)
        for length, score in (
            (rng.uniform(3.5, 6.0), 0.05),
            (ramps[0], rng.uniform(0.9, 1.0)),
            (rng.uniform(0.0, 0.03) if short else rng.uniform(0.9, 4.0), rng.uniform(0.9, 1.0)),
            (ramps[1], rng.uniform(0.0, 0.1)),
        ):
            times.append(times[-1] + float(length))
            scores.append(float(score))
    return times, scores


def firings_at(fps: float, times: Sequence[float], scores: Sequence[float]) -> list[float]:
    """Return when a curve of scores fires, seen at a frame rate."""
    trigger = Trigger(TriggerSettings())
    at = np.arange(0.0, times[-1], 1.0 / fps)
    seen = np.interp(at, times, scores)
    decisions = [
        trigger.step(float(moment), [SmileScore(FACES[0], float(score))])
        for moment, score in zip(at, seen, strict=True)
    ]
    return [decision.time for decision in decisions if decision.fire]


def frame_rates(smiles: int, seed: int = 2) -> dict[str, float]:
    """Compare firings at 10, 30 and 60 frames per second.

    Returns:
        Smiles, firings, and the largest difference in frames of the slower of two rates;
        infinite if one fires where another does not.
    """
    curve = random_smiles(np.random.default_rng(seed), smiles)
    fired = {fps: firings_at(fps, *curve) for fps in (10.0, 30.0, 60.0)}
    worst = 0.0
    for slow, fast in ((10.0, 30.0), (10.0, 60.0), (30.0, 60.0)):
        if len(fired[slow]) != len(fired[fast]):
            worst = float("inf")
            continue
        apart = np.abs(np.subtract(fired[slow], fired[fast]))
        worst = max(worst, float(apart.max()) * slow)
    return {"smiles": smiles, "firings": len(fired[10.0]), "frames_apart": worst}
