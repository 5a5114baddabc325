"""Frames of a scene, processed to decisions as fast as possible: for windows of seconds, and for
minutes, to see whether heat slows the machine, and when."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import cycle

import cv2

from benchmarks.machine.device import read_clock_mhz
from benchmarks.measure.paths import device_path
from benchmarks.measure.windows import time_windows, timing, window
from benchmarks.report.schema import FlatOut, Reading
from benchmarks.simulate.scenes import FPS, WALKING, Scene
from edge.pipeline import Timings
from edge.service.board import read_health
from edge.values import Frame

FILM = 60
"""Frames of a scene that are kept: enough for a whole turn of the search for faces, few enough for
a small board's memory."""
FIRST_S = 60.0
"""Later frame rates are compared with the frame rate of this time."""
SLOWER = 0.9
FOR_GOOD_S = 30.0
"""A frame rate that stays low for this long, to the end, has fallen for good."""


class AllTimings(Timings):
    """Keeps all times, not only the last times."""

    KEPT = 1_000_000


class Untimed(Timings):
    """Times nothing."""

    def stage(self, _: str) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()


class ScenePlayer:
    """Shows a scene's frames to the device's path, forwards and backwards, so that no face jumps.

    The frames are made before, so that nothing but the path is at work, on one thread.

    Attributes:
        length: frames of a round, forwards and backwards.
    """

    def __init__(self, scene: Scene, film: int = FILM) -> None:
        self._process = device_path()
        cv2.setNumThreads(1)
        forwards = [frame.grey for frame, _ in scene.render(film)]
        pictures = [*forwards, *reversed(forwards)]
        self.length = len(pictures)
        self.frames = (
            Frame(number, number / FPS, picture) for number, picture in enumerate(cycle(pictures))
        )

    def step(self, timings: Timings) -> None:
        """Process the next frame."""
        self._process(next(self.frames), timings)

    def run(self, seconds: float) -> int:
        """Process frames for some seconds, as fast as possible; return how many."""
        untimed = Untimed()
        return len(window(lambda: self.step(untimed), seconds, 1))


def flat_out(
    scene: Scene, windows: int, window_s: float, film: int = FILM
) -> tuple[FlatOut, list[list[float]]]:
    """Measure a scene.

    Returns:
        A report's figures, and the time of each frame in each window, in milliseconds.
    """
    player, timings = ScenePlayer(scene, film), AllTimings()
    times = time_windows(lambda: player.step(timings), windows, window_s, player.length)
    counted = sum(map(len, times))  # earlier frames were the warm-up
    stages_ms = {
        name: statistics.median(list(kept)[-counted:]) * 1e3
        for name, kept in timings.stages.items()
        if kept
    }
    figures = FlatOut(
        scene=scene.name, faces=scene.faces, timing=timing(times), stages_ms=stages_ms
    )
    return figures, times


def overhead(scene: Scene, pairs: int, film: int = FILM) -> float:
    """Return the share of the frame rate that timing frames and their stages costs.

    The same frames are processed with and without, in turns. The share is the median of the
    differences in processor time, on which other programs have little effect.
    """
    player, timings, untimed = ScenePlayer(scene, film), Timings(), Untimed()

    def timed_s() -> float:
        began = time.process_time()
        window(lambda: player.step(timings), 0.0, player.length)
        return time.process_time() - began

    def bare_s() -> float:
        began = time.process_time()
        for _ in range(player.length):
            player.step(untimed)
        return time.process_time() - began

    bare_s()
    shares = []
    for pair in range(pairs):
        turn = (timed_s, bare_s) if pair % 2 else (bare_s, timed_s)
        took = {process_s: process_s() for process_s in turn}
        shares.append(1.0 - took[bare_s] / took[timed_s])
    return statistics.median(shares)


def sustain(seconds: float, every_s: float) -> Iterator[Reading]:
    """Process frames of a walking face as fast as possible; yield a reading every ``every_s``."""
    player = ScenePlayer(WALKING)
    began = time.monotonic()
    at_s = 0.0
    while at_s < seconds - every_s / 2:
        since = time.monotonic()
        frames = player.run(every_s)
        fps = frames / (time.monotonic() - since)
        health = read_health()
        at_s = time.monotonic() - began
        yield Reading(
            at_s=at_s,
            fps=fps,
            temperature_c=health.temperature_c,
            clock_mhz=read_clock_mhz(),
            throttled=health.throttled,
        )


def knee_s(readings: Sequence[Reading]) -> float | None:
    """Return when the frame rate fell for good below 90 % of its first minute's, in seconds; None
    if it did not."""
    first = [reading.fps for reading in readings if reading.at_s <= FIRST_S]
    if not first:
        return None
    low = SLOWER * statistics.median(first)
    fast = [index for index, reading in enumerate(readings) if reading.fps >= low]
    slow = readings[fast[-1] + 1 :]
    if not slow or slow[-1].at_s - slow[0].at_s < FOR_GOOD_S:
        return None
    return slow[0].at_s
