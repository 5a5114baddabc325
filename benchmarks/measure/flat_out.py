"""Frames of a scene taken to decisions as fast as it goes."""

from __future__ import annotations

import statistics
import time
from contextlib import AbstractContextManager, nullcontext
from itertools import count, cycle

import cv2

from benchmarks.measure.paths import this_path
from benchmarks.measure.windows import time_windows, timing, window
from benchmarks.report.schema import FlatOut
from benchmarks.simulate.scenes import FPS, Scene
from edge.pipeline import Timings
from edge.values import Frame

FILM = 60
"""Frames of a scene that are kept: enough for the face finder's whole turn, few for a small board's
memory."""


class AllTimings(Timings):
    """Keeps every time, not the last ones only."""

    KEPT = 1_000_000


class Untimed(Timings):
    """Times nothing."""

    def stage(self, name: str) -> AbstractContextManager[None]:  # type: ignore[override]
        del name
        return nullcontext()


class Show:
    """Shows a scene's frames to this path, forwards and backwards, so that no face jumps.

    They are made before, so that nothing but the path is at work, on one thread.

    Attributes:
        length: how many steps it takes to be where it began.
    """

    def __init__(self, scene: Scene, film: int = FILM) -> None:
        cv2.setNumThreads(1)
        pictures = [frame.grey for frame, _ in scene.render(film)]
        self.length = 2 * film
        self._pictures = cycle([*pictures, *reversed(pictures)])
        self._numbers = count()
        self._judge = this_path()

    def step(self, timings: Timings) -> None:
        """Take the next frame to its decision."""
        number = next(self._numbers)
        self._judge(Frame(number, number / FPS, next(self._pictures)), timings)

    def run(self, seconds: float) -> int:
        """Judge frames for some seconds, as fast as it goes; return how many."""
        untimed = Untimed()
        end = time.perf_counter() + seconds
        frames = 0
        while time.perf_counter() < end:
            self.step(untimed)
            frames += 1
        return frames


def flat_out(
    scene: Scene, windows: int, window_s: float, film: int = FILM
) -> tuple[FlatOut, list[list[float]]]:
    """Measure one scene.

    Returns:
        What a report says, and the time of each frame in each window, in milliseconds.
    """
    show, timings = Show(scene, film), AllTimings()
    times = time_windows(lambda: show.step(timings), windows, window_s, show.length)
    counted = sum(map(len, times))  # what came before was the warm-up
    stages_ms = {
        name: statistics.median(list(kept)[-counted:]) * 1e3
        for name, kept in timings.stages.items()
        if kept
    }
    found = FlatOut(scene=scene.name, faces=scene.faces, timing=timing(times), stages_ms=stages_ms)
    return found, times


def overhead(scene: Scene, pairs: int, film: int = FILM) -> float:
    """Return the share of the frame rate that timing frames and their stages costs.

    The same frames are judged with and without, in turns; this is the median of the differences in
    processor time, for which it does not matter what others do.
    """
    show, timings, untimed = Show(scene, film), Timings(), Untimed()

    def timed() -> None:
        window(lambda: show.step(timings), 0.0, show.length)

    def bare() -> None:
        for _ in range(show.length):
            show.step(untimed)

    bare()
    shares = []
    for pair in range(pairs):
        first, second = (timed, bare) if pair % 2 else (bare, timed)
        took = {}
        for judge_all in (first, second):
            began = time.process_time()
            judge_all()
            took[judge_all] = time.process_time() - began
        shares.append(1.0 - took[bare] / took[timed])
    return statistics.median(shares)
