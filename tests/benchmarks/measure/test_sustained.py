from __future__ import annotations

from collections.abc import Sequence

import pytest

from benchmarks.measure.sustained import knee_s, sustain
from benchmarks.report.schema import Reading


def readings(*rates: tuple[int, float]) -> Sequence[Reading]:
    """Return a reading every five seconds, for so many seconds at each frame rate."""
    fps = [rate for seconds, rate in rates for _ in range(seconds // 5)]
    return [Reading(at_s=5.0 * (index + 1), fps=rate) for index, rate in enumerate(fps)]


@pytest.mark.parametrize(
    ("rates", "knee"),
    [
        ([(600, 300)], None),
        ([(300, 300), (300, 260)], 305.0),
        ([(300, 300), (300, 280)], None),
        ([(300, 300), (200, 200), (100, 300)], None),
        ([(300, 300), (20, 200), (20, 300), (260, 200)], 345.0),
        ([(580, 300), (20, 100)], None),
        ([], None),
    ],
    ids=["steady", "knee", "too little", "recovers", "falls twice", "at the very end", "none"],
)
def test_the_knee_is_where_the_frame_rate_falls_for_good(
    rates: list[tuple[int, float]], knee: float | None
) -> None:
    assert knee_s(readings(*rates)) == knee


def test_readings_come_while_frames_are_processed() -> None:
    measured = list(sustain(0.3, 0.1))
    assert len(measured) >= 2
    assert all(reading.fps > 0 for reading in measured)
    times = [reading.at_s for reading in measured]
    assert times == sorted(times)
    assert times[0] >= 0.1
