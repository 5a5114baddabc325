"""Draws the trace of a clip as a chart: with OpenCV, as a device has no chart library."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from edge.diagnose.annotate import FONT, Colour
from edge.diagnose.replay import Result
from edge.diagnose.trace import Step
from edge.settings import TriggerSettings
from edge.values import Picture

Point = tuple[float, float]
"""A time in seconds and a score."""

HEIGHT, LEAST_WIDTH, MOST_WIDTH = 640, 1600, 8000
SECOND_PX = 15
"""A long clip is drawn wider than ``LEAST_WIDTH``, with as many pixels for a second."""
LEFT, TOP, BOTTOM, MARGIN = 90, 90, 570, 30
"""The edges of the area of the curves, in pixels, and what is right of it."""
WHITE, INK, GREY, GRID = (255, 255, 255), (34, 34, 34), (140, 130, 120), (236, 231, 227)
TRUTH, HOLD, FIRING = (215, 240, 215), (90, 200, 255), (40, 40, 210)
FACES: Sequence[Colour] = (
    (165, 110, 59), (26, 116, 192), (99, 138, 63), (166, 91, 122), (42, 122, 122)
)  # fmt: skip
MOST_NAMED = 6
"""As many faces are in the legend; a long clip has hundreds."""
TICK_PX = 120
"""Two labels of the axis of time are at least so far apart."""
SUBPIXELS = 4
"""Bits of a coordinate behind the point."""
SIZE = 0.5
"""Of the text, relative to the font's own."""
LETTER = 9
"""Width of a letter, in pixels; a rough one."""


def draw(
    steps: Sequence[Step],
    settings: TriggerSettings,
    smiles: Sequence[tuple[float, float]] = (),
    result: Result | None = None,
) -> Picture:
    """Draw the score of each face over time, the thresholds, what was held, and the firings.

    Args:
        steps: of the clip; at least one.
        settings: of the trigger that made the decisions.
        smiles: start and end of each labelled smile, in seconds.
        result: marks the misses and the false firings.

    Returns:
        BGR, 640 pixels high and at least 1600 wide.
    """
    chart = _Chart(steps[0].decision.time, steps[-1].decision.time)
    for start, end in smiles:
        chart.band(start, end)
    chart.axes()
    for start, end in _holds(steps, settings.hold_s):
        chart.line([(start, settings.threshold_on), (end, settings.threshold_on)], HOLD, 7)
    chart.line([(step.decision.time, step.decision.score) for step in steps], GREY, 3)
    curves = _curves(steps, settings.bridge_s)
    for face, parts in curves.items():
        for part in parts:
            chart.line(part, FACES[face % len(FACES)], 2)
    for name, threshold in (("on", settings.threshold_on), ("off", settings.threshold_off)):
        chart.threshold(name, threshold)
    false = {firing.time for firing in result.fired_falsely} if result else set()
    for step in steps:
        if step.decision.fire:
            is_false = round(step.decision.time, 4) in false
            chart.firing(step.decision.time, "false" if is_false else "fired")
    for miss in result.missed if result else ():
        chart.mark(miss.start, "miss")
    legend = [(f"face {face}", FACES[face % len(FACES)]) for face in [*curves][:MOST_NAMED]]
    if len(curves) > MOST_NAMED:
        legend.append((f"and {len(curves) - MOST_NAMED} more", WHITE))
    legend += [("highest, smoothed", GREY), ("hold", HOLD), ("firing", FIRING)]
    chart.legend([*legend, ("labelled smile", TRUTH)] if smiles else legend)
    return chart.picture


def _holds(steps: Sequence[Step], hold_s: float) -> list[tuple[float, float]]:
    """Return the start and end of each time for which a smile was held or began to be."""
    holds: list[tuple[float, float]] = []
    since: dict[int, float] = {}
    for step in steps:
        time = step.decision.time
        for face in step.decision.smile_off:
            start = since.pop(face)
            holds.append((start, min(time, start + hold_s)))
        since |= dict.fromkeys(step.decision.smile_on, time)
    last = steps[-1].decision.time
    return holds + [(start, min(last, start + hold_s)) for start in since.values()]


def _curves(steps: Sequence[Step], bridge_s: float) -> dict[int, list[list[Point]]]:
    """Return each face's curve by its id, divided where the face was unseen for too long."""
    curves: dict[int, list[list[Point]]] = {}
    last: dict[int, int] = {}  # index of the step that last saw the face
    for index, step in enumerate(steps):
        time = step.decision.time
        for face, score in step.scores.items():
            parts = curves.setdefault(face, [])
            seen_before = index - last.get(face, -2) == 1
            if not parts or (not seen_before and time - parts[-1][-1][0] > bridge_s):
                parts.append([])
            parts[-1].append((time, score))
            last[face] = index
    return curves


class _Chart:
    """Scores over the time from ``start`` to ``end`` in seconds, on a picture."""

    def __init__(self, start: float, end: float) -> None:
        self._start = start
        self._span = max(end - start, 1e-3)
        width = max(LEAST_WIDTH, min(MOST_WIDTH, round(self._span * SECOND_PX)))
        self.picture = np.full((HEIGHT, width, 3), WHITE, np.uint8)
        self._right = width - MARGIN
        self._marked = -math.inf  # right edge of the last mark, in pixels

    def axes(self) -> None:
        for quarter in range(5):
            y = self._y(quarter / 4)
            cv2.line(self.picture, (LEFT, y), (self._right, y), GRID, 1)
            self._text(f"{quarter / 4:.2f}", LEFT - 5 * LETTER, y + 5)
        step = _round_up(self._span * TICK_PX / (self._right - LEFT))
        first, last = math.ceil(self._start / step), math.floor((self._start + self._span) / step)
        for tick in range(first, last + 1):
            time = tick * step
            x = self._x(time)
            cv2.line(self.picture, (x, TOP), (x, BOTTOM), GRID, 1)
            self._text(f"{time:g} s", x - LETTER, BOTTOM + 25)

    def band(self, start: float, end: float) -> None:
        """Shade a time from top to bottom."""
        left, right = (max(LEFT, min(self._right, self._x(time))) for time in (start, end))
        cv2.rectangle(self.picture, (left, TOP), (right, BOTTOM), TRUTH, cv2.FILLED)

    def line(self, points: Sequence[Point], colour: Colour, thickness: int) -> None:
        """Draw a line through times and scores; a single point is a dot."""
        across, up = np.array([*points, points[-1]]).T
        x = LEFT + (across - self._start) / self._span * (self._right - LEFT)
        y = BOTTOM - up * (BOTTOM - TOP)
        pixels = np.rint(np.stack([x, y], axis=1) * (1 << SUBPIXELS)).astype(np.int32)
        cv2.polylines(self.picture, [pixels], False, colour, thickness, cv2.LINE_AA, SUBPIXELS)

    def threshold(self, name: str, score: float) -> None:
        y = self._y(score)
        for x in range(LEFT, self._right, 12):
            cv2.line(self.picture, (x, y), (x + 5, y), INK, 1)
        self._text(f"{name} {score:g}", LEFT + LETTER, y - 5)

    def firing(self, time: float, word: str) -> None:
        x = self._x(time)
        cv2.line(self.picture, (x, TOP), (x, BOTTOM), FIRING, 2)
        self.mark(time, word)

    def mark(self, time: float, word: str) -> None:
        """Write a word above a time, where there is room."""
        x = self._x(time) - LETTER
        if x > self._marked or word != "fired":
            self._text(word, x, TOP - 8, FIRING)
            self._marked = x + LETTER * (len(word) + 1)

    def legend(self, entries: Sequence[tuple[str, Colour]]) -> None:
        x = LEFT
        for name, colour in entries:
            cv2.rectangle(self.picture, (x, 22), (x + 20, 34), colour, cv2.FILLED)
            self._text(name, x + 28, 34)
            x += 28 + LETTER * (len(name) + 3)

    def _x(self, time: float) -> int:
        return round(LEFT + (time - self._start) / self._span * (self._right - LEFT))

    def _y(self, score: float) -> int:
        return round(BOTTOM - score * (BOTTOM - TOP))

    def _text(self, text: str, x: int, y: int, colour: Colour = INK) -> None:
        cv2.putText(self.picture, text, (x, y), FONT, SIZE, colour, 1, cv2.LINE_AA)


def _round_up(seconds: float) -> float:
    """Return the next larger of 1, 2 and 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(seconds))
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= seconds)
