"""Timing in windows after a warm-up window, with medians over windows, as MLPerf Tiny does."""

from __future__ import annotations

import math
import statistics
import time
import timeit
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.report.schema import Timing

LEAST_CALLS = 10
STEP = 0.02
"""Ratio, less 1, of neighbouring times that the raw log tells apart."""
LEAST_MS = 1e-4


def time_windows(
    call: Callable[[], object], windows: int, window_s: float, calls: int = LEAST_CALLS
) -> list[list[float]]:
    """Return the time of each call in each window, in milliseconds; the warm-up is left out.

    A window lasts for at least ``window_s`` seconds, and has a multiple of ``calls`` calls.
    """
    return [window(call, window_s, calls) for _ in range(windows + 1)][1:]


def window(call: Callable[[], object], window_s: float, calls: int) -> list[float]:
    """Return the time of each call in a window, in milliseconds."""
    took: list[float] = []
    clock = time.perf_counter
    now = clock()
    end = now + window_s
    while now < end or len(took) % calls or not took:
        began = now
        call()
        now = clock()
        took.append((now - began) * 1e3)
    return took


def median_s(
    call: Callable[[], object], calls: int, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Return the median time of a number of calls after a first call, in seconds of a clock."""
    call()
    return statistics.median(timeit.repeat(call, timer=clock, repeat=calls, number=1))


def timing(windows: Sequence[Sequence[float]]) -> Timing:
    """Return a report's figures of windows of times in milliseconds."""
    percentiles = np.array([np.percentile(times, (50, 90, 99)) for times in windows])
    p50, p90, p99 = np.median(percentiles, axis=0).tolist()
    return Timing(
        p50=p50,
        p90=p90,
        p99=p99,
        per_s=statistics.median(1e3 * len(times) / sum(times) for times in windows),
        windows=tuple(percentiles[:, 0].tolist()),
    )


def raw_lines(of: str, windows: Sequence[Sequence[float]]) -> list[dict[str, Any]]:
    """Return the raw log of windows, a line for each window: how often each time occurred.

    Times are kept to within ``STEP`` / 2, so that minutes of inferences take a few kilobytes.
    """
    return [
        {"of": of, "window": number, "ms": _counted(times)}
        for number, times in enumerate(windows, 1)
    ]


def _counted(times: Sequence[float]) -> dict[str, int]:
    steps = Counter(round(math.log(max(ms, LEAST_MS)) / math.log1p(STEP)) for ms in times)
    rounded = {float(f"{(1.0 + STEP) ** step:.4g}"): steps[step] for step in sorted(steps)}
    return {f"{ms:g}": count for ms, count in rounded.items()}
