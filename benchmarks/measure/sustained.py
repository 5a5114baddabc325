"""Flat out for minutes: whether heat slows the machine, and when."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence

from benchmarks.machine.device import read_clock_mhz
from benchmarks.measure.flat_out import ScenePlayer
from benchmarks.report.schema import Reading
from benchmarks.simulate.scenes import WALKING
from edge.service.board import read_health

FIRST_S = 60.0
"""Later frame rates are compared with the frame rate of this time."""
SLOWER = 0.9
FOR_GOOD_S = 30.0
"""A frame rate that stays low for this long, to the end, has fallen for good."""


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
