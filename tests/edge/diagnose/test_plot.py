from __future__ import annotations

import numpy as np
import pytest

from edge.diagnose import plot
from edge.diagnose.annotate import Colour
from edge.diagnose.replay import score
from edge.diagnose.trace import Step
from edge.settings import TriggerSettings
from edge.values import Decision, Picture

SETTINGS = TriggerSettings(hold_s=2.0)
WIDTH = 1480
"""Of the area of the curves, in pixels."""


def clip(seconds: float, *, unseen: tuple[float, float] = (0.0, 0.0)) -> list[Step]:
    """Ten frames a second of a face that smiles from 4 s on and fires at 6 s."""
    steps = []
    for index in range(round(seconds * 10) + 1):
        time = index / 10
        seen = {} if unseen[0] < time < unseen[1] else {1: 0.9 if time >= 4 else 0.1}
        smile_on = (1,) if index == 40 else ()
        fire = index == 60
        steps.append(Step(Decision(time, fire, 1 if fire else None, smile_on, score=0.05), seen))
    return steps


def times(picture: Picture, colour: Colour, seconds: float) -> set[float]:
    """Return the tenths of seconds, of a clip that long, in which a colour is there."""
    area = picture[plot.TOP : plot.BOTTOM, plot.LEFT : plot.LEFT + WIDTH]
    columns = np.nonzero((area == colour).all(axis=2).any(axis=0))[0]
    return {round(float(time), 1) for time in columns / WIDTH * seconds}


@pytest.mark.parametrize("seconds", [10.0, 100.0])
def test_all_is_at_its_time(seconds: float) -> None:
    picture = plot.draw(clip(seconds), SETTINGS, smiles=[(1.0, 3.0)])
    assert picture.shape == (640, 1600, 3)
    for colour, start, end in (
        (plot.TRUTH, 1.0, 3.0),
        (plot.HOLD, 4.0, 6.0),
        (plot.FIRING, 6.0, 6.0),
        (plot.FACES[1], 0.0, seconds),
        (plot.GREY, 0.0, seconds),
    ):
        found = times(picture, colour, seconds)
        assert (min(found), max(found)) == pytest.approx((start, end), abs=seconds / 100)


@pytest.mark.parametrize(("end", "gap"), [(8.0, True), (7.2, False)])
def test_a_line_ends_where_its_face_is_unseen_for_longer_than_a_bridge(
    end: float, gap: bool
) -> None:
    picture = plot.draw(clip(10.0, unseen=(7.0, end)), SETTINGS)
    assert (7.1 not in times(picture, plot.FACES[1], 10.0)) == gap


def test_a_smile_that_ends_and_begins_anew_in_one_frame_is_held_twice() -> None:
    steps = clip(10.0)
    steps[50] = Step(Decision(5.0, smile_on=(1,), smile_off=(1,)), {1: 0.9})
    held = times(plot.draw(steps, SETTINGS), plot.HOLD, 10.0)
    assert (min(held), max(held)) == pytest.approx((4.0, 7.0), abs=0.1)


def test_misses_and_false_firings_are_marked() -> None:
    steps, smiles = clip(10.0), [(1.0, 3.0)]
    marked = plot.draw(steps, SETTINGS, smiles, score(steps, smiles, 10.0, within_s=1.0))
    plain = plot.draw(steps, SETTINGS, smiles)
    changed = np.nonzero((marked != plain).any(axis=2))
    assert plot.TOP - 25 < changed[0].min() <= changed[0].max() < plot.TOP
    seconds = (changed[1] - plot.LEFT) / WIDTH * 10.0
    assert min(abs(seconds - 1.0)) < 0.1
    assert min(abs(seconds - 6.0)) < 0.1
    assert not ((seconds > 2.0) & (seconds < 5.0)).any()


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([Step(Decision(0.0), {})], id="a single frame without a face"),
        pytest.param(
            [Step(Decision(5.0, True, 2, (2,)), {2: 1.0})], id="a single frame that fires"
        ),
        pytest.param(
            [Step(Decision(7200.0 + i, smile_off=()), {i: 0.5}) for i in range(3600)],
            id="an hour with a new face each second",
        ),
        pytest.param(
            [Step(Decision(i / 1e4, i % 2 == 0, 1), {1: i % 2}) for i in range(30)],
            id="milliseconds in which each second frame fires",
        ),
    ],
)
def test_odd_clips_are_drawn(steps: list[Step]) -> None:
    picture = plot.draw(steps, SETTINGS, smiles=[(0.0, 1e6)])
    seconds = steps[-1].decision.time - steps[0].decision.time
    assert picture.shape == (640, min(8000, max(1600, 15 * seconds)), 3)
