"""Whether the trigger keeps its rules, whatever it is shown, and at every frame rate."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence

import numpy as np

from benchmarks.reliability.trigger_oracle import Oracle
from edge.settings import TriggerSettings
from edge.trigger import Trigger
from edge.values import Box, Face, SmileScore

RATES = (8.0, 10.0, 15.0, 24.0, 30.0, 60.0)
FACES = tuple(
    [Face(number, Box(x, 50, 60 + 20 * number, 80), 5.0) for x in (100 * number, 100 * number + 60)]
    for number in (1, 2, 3)
)
"""Three faces of different widths, each at two places."""
BLOCK = 2000  # steps with the same settings


def random_scores(rng: np.random.Generator, steps: int) -> list[tuple[SmileScore, ...]]:
    """Return scores of up to three faces that wander between 0 and 1; now and then a face jumps."""
    walks = [np.cumsum(rng.normal(0.0, 0.25, steps)) for _ in FACES]
    scores = [np.abs((walk + 1.0) % 4.0 - 2.0) / 2.0 for walk in walks]
    seen = rng.random((len(FACES), steps)) < 0.9
    places = np.cumsum(rng.random((len(FACES), steps)) < 0.01, axis=1) % 2
    return [
        tuple(
            SmileScore(face[places[index][step]], float(scores[index][step]))
            for index, face in enumerate(FACES)
            if seen[index][step]
        )
        for step in range(steps)
    ]


def random_times(rng: np.random.Generator, steps: int) -> list[float]:
    """Return times of frames at mixed frame rates, with a pause now and then, in seconds."""
    pauses = np.where(rng.random(steps) < 0.01, rng.uniform(0.1, 4.0, steps), 0.0)
    times: list[float] = np.cumsum(1.0 / rng.choice(RATES, steps) + pauses).tolist()
    return times


def random_settings(rng: np.random.Generator) -> TriggerSettings:
    """Return settings anywhere in the sensible part of their ranges."""
    on, off = sorted(rng.uniform(0.2, 0.95, 2))[::-1]
    return TriggerSettings(
        threshold_on=float(on),
        threshold_off=float(off),
        smoothing_s=float(rng.choice([0.0, 0.05, 0.1, 0.5])),
        hold_s=float(rng.choice([0.0, rng.uniform(0.0, 1.0)])),
        cooldown_s=float(rng.choice([0.0, rng.uniform(0.0, 5.0)])),
        bridge_s=float(rng.uniform(0.0, 0.5)),
        who=str(rng.choice(["any", "largest", "all", "count"])),  # type: ignore[arg-type]
        neutral_first=bool(rng.random() < 0.5),
        neutral_s=float(rng.uniform(0.0, 1.0)),
        max_per_minute=int(rng.integers(1, 30)),
        count=int(rng.integers(1, 4)),
        jump_widths=float(rng.uniform(0.3, 1.5)),
        min_face_px=int(rng.choice([0, 0, 90])),
    )


def rules(steps: int, seed: int = 1) -> dict[str, float]:
    """Check decisions on random scores, with other settings for each ``BLOCK`` of steps.

    Returns:
        Steps, firings, rules broken, and steps a second of the trigger alone.
    """
    rng = np.random.default_rng(seed)
    film = random_scores(rng, 10_000)
    done = fired = broken = 0
    seconds = 0.0
    while done < steps:
        settings = random_settings(rng)
        trigger, oracle = Trigger(settings), Oracle(settings)
        times = random_times(rng, BLOCK)
        start = int(rng.integers(len(film) - BLOCK))
        shown = film[start : start + BLOCK]
        began = time.perf_counter()
        decisions = [trigger.step(at, scores) for at, scores in zip(times, shown, strict=True)]
        seconds += time.perf_counter() - began
        for scores, decision in zip(shown, decisions, strict=True):
            oracle.check(scores, decision)
        done += len(decisions)
        fired += len(oracle.firings)
        broken += oracle.broken.total()
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
        trigger.step(float(moment), [SmileScore(FACES[0][0], float(score))])
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
    for slow, fast in itertools.combinations(fired, 2):
        alike = len(fired[slow]) == len(fired[fast])
        apart_s = np.abs(np.subtract(fired[slow], fired[fast])).max() if alike else np.inf
        worst = max(worst, float(apart_s) * slow)
    return {"smiles": smiles, "firings": len(fired[10.0]), "frames_apart": worst}
