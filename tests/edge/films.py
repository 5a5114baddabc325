"""Scores over time for a trigger, and what it decides on them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from edge.settings import TriggerSettings
from edge.trigger import Trigger
from edge.values import Box, Decision, Face, SmileScore

SETTINGS = TriggerSettings(
    threshold_on=0.8, threshold_off=0.4, smoothing_s=0, hold_s=0.3, cooldown_s=3.0, bridge_s=0.3
)
NEUTRAL_FIRST = replace(SETTINGS, neutral_first=True, neutral_s=0.7)
HERE = Box(100, 100, 90, 90)
THERE = Box(400, 100, 90, 90)
LARGE = Box(300, 0, 200, 200)

Faces = Mapping[int, float | tuple[float, Box]]
Film = list[tuple[float, Faces]]


def steps(
    frames: Iterable[tuple[float, Faces]], settings: TriggerSettings = SETTINGS
) -> list[Decision]:
    """Judge frames given as (time, {face id: score}) or (time, {face id: (score, box)})."""
    trigger = Trigger(settings)
    decisions = []
    for time, faces in frames:
        scores = []
        for face, seen in faces.items():
            score, box = seen if isinstance(seen, tuple) else (seen, HERE)
            scores.append(SmileScore(Face(face, box, 1.0), score))
        decisions.append(trigger.step(time, scores))
    return decisions


def steady(score: float, start: float, end: float, box: Box = HERE, face: int = 1) -> Film:
    """One face with one score, ten frames a second."""
    return [(i / 10, {face: (score, box)}) for i in range(round(10 * start), round(10 * end))]


def together(*films: Film) -> Film:
    """The faces of several films in one."""
    merged: dict[float, dict[int, float | tuple[float, Box]]] = {}
    for film in films:
        for time, faces in film:
            merged.setdefault(time, {}).update(faces)
    return sorted(merged.items(), key=lambda frame: frame[0])


def fired(decisions: Iterable[Decision]) -> list[float]:
    return [decision.time for decision in decisions if decision.fire]


def blinking(every: float, end: float) -> Film:
    """A face that smiles for one frame at regular times."""
    times = [i * every for i in range(math.ceil(end / every))]
    return [frame for t in times for frame in ((t, {1: 0.9}), (t + every / 2, {1: 0.1}))]
