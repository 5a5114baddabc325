from __future__ import annotations

import numpy as np

from benchmarks.measure.flat_out import ScenePlayer, Untimed, flat_out, overhead
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
