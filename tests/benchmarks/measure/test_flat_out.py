from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from benchmarks.measure.flat_out import ScenePlayer, Untimed, flat_out, knee_s, overhead, sustain
from benchmarks.report.schema import Reading
from benchmarks.simulate.scenes import WALKING, Scene
from edge.pipeline import Timings


def test_a_scene_is_measured_in_whole_rounds_of_its_film() -> None:
    figures, windows = flat_out(WALKING, 2, 0.0, film=3)
    assert (figures.scene, figures.faces) == (WALKING.name, 1)
    assert [len(window) for window in windows] == [6, 6]
    assert set(figures.stages_ms) == {"faces", "classifier", "trigger"}
    assert 0 < figures.stages_ms["faces"] < figures.timing.p99


def test_a_player_goes_forwards_and_backwards() -> None:
    player = ScenePlayer(WALKING, 3)
    pictures = [next(player.frames).grey for _ in range(12)]
    for index, mirrored in enumerate([0, 1, 2, 2, 1, 0] * 2):
        assert np.array_equal(pictures[index], pictures[mirrored])


def test_a_player_runs_for_some_time() -> None:
    assert ScenePlayer(Scene(0), 2).run(0.05) > 1


def test_what_is_not_to_be_timed_is_not() -> None:
    timed, untimed = Timings(), Untimed()
    player = ScenePlayer(WALKING, 2)
    player.step(timed)
    player.step(untimed)
    assert timed.medians_ms()
    assert not untimed.medians_ms()


def test_the_overhead_is_a_share() -> None:
    assert -1.0 < overhead(WALKING, 2, film=2) < 1.0


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
