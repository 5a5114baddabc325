from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from edge.frames import Box, Decision, Face, SmileScore
from edge.settings import TriggerSettings
from edge.trigger import Trigger

SETTINGS = TriggerSettings(
    threshold_on=0.8, threshold_off=0.4, smoothing_s=0, hold_s=0.3, cooldown_s=3.0, bridge_s=0.3
)


def steps(
    frames: Iterable[tuple[float, Mapping[int, float]]], settings: TriggerSettings = SETTINGS
) -> list[Decision]:
    """Judge frames given as (time, {face id: score})."""
    trigger = Trigger(settings)
    return [
        trigger.step(
            time, [SmileScore(Face(i, Box(0, 0, 9, 9), 1.0), s) for i, s in scores.items()]
        )
        for time, scores in frames
    ]


def steady(score: float, start: float, end: float) -> list[tuple[float, Mapping[int, float]]]:
    """One face with one score, ten frames a second."""
    return [(i / 10, {1: score}) for i in range(round(10 * start), round(10 * end))]


def fired(decisions: Iterable[Decision]) -> list[float]:
    return [decision.time for decision in decisions if decision.fire]


def test_fires_once_when_the_hold_is_over() -> None:
    decisions = steps(steady(0.1, 0, 1) + steady(0.9, 1, 9))
    assert fired(decisions) == [1.3]
    assert [d.time for d in decisions if d.smile_on] == [1.0]
    assert next(d.face for d in decisions if d.fire) == 1


def test_a_short_smile_does_not_fire() -> None:
    decisions = steps(steady(0.9, 0, 0.3) + steady(0.1, 0.3, 2))
    assert fired(decisions) == []
    assert [d.time for d in decisions if d.smile_off] == [0.3]


def test_between_the_thresholds_a_smile_goes_on_but_none_starts() -> None:
    assert fired(steps(steady(0.9, 0, 0.1) + steady(0.5, 0.1, 2))) == [0.3]
    assert fired(steps(steady(0.5, 0, 2))) == []


@pytest.mark.parametrize(("score", "starts"), [(0.8, True), (0.79, False)])
def test_the_upper_threshold_itself_counts(score: float, starts: bool) -> None:
    assert bool(fired(steps(steady(score, 0, 1)))) is starts


def test_the_cooldown_holds_back_the_next_smile() -> None:
    smiles = steady(0.9, 0, 1) + steady(0.1, 1, 1.5) + steady(0.9, 1.5, 6)
    assert fired(steps(smiles)) == [0.3, 3.3]


def test_a_smile_fires_again_only_after_it_ended() -> None:
    assert fired(steps(steady(0.9, 0, 8) + steady(0.1, 8, 8.2) + steady(0.9, 8.2, 9))) == [0.3, 8.5]


def test_a_face_unseen_for_a_moment_goes_on_smiling() -> None:
    gap: list[tuple[float, dict[int, float]]] = [(0.1, {}), (0.2, {}), (0.3, {})]
    assert fired(steps([(0.0, {1: 0.9}), *gap, (0.35, {1: 0.9})])) == [0.35]


def test_a_face_unseen_for_long_smiles_no_more() -> None:
    decisions = steps([(0.0, {1: 0.9}), (0.2, {}), (0.4, {}), (0.5, {1: 0.9}), (0.7, {1: 0.9})])
    assert fired(decisions) == []
    assert [d.smile_off for d in decisions] == [(), (), (1,), (), ()]


def test_nothing_fires_on_a_face_that_is_not_seen() -> None:
    assert fired(steps([(0.0, {1: 0.9}), (0.29, {1: 0.9}), (0.5, {}), (0.55, {})])) == []


def test_each_face_has_a_smile_of_its_own() -> None:
    handed_over = [(0.0, {1: 0.9}), (0.2, {1: 0.1, 2: 0.9}), (0.4, {1: 0.1, 2: 0.9})]
    assert fired(steps(handed_over)) == []
    assert fired(steps([*handed_over, (0.55, {1: 0.1, 2: 0.9})])) == [0.55]


def test_the_face_that_smiles_longest_fires() -> None:
    decisions = steps([(0.0, {2: 0.9}), (0.1, {1: 0.9, 2: 0.9}), (0.5, {1: 0.9, 2: 0.9})])
    assert [d.face for d in decisions if d.fire] == [2]


def test_without_hold_the_first_frame_fires() -> None:
    decisions = steps(steady(0.9, 0, 1), TriggerSettings(hold_s=0, smoothing_s=0))
    assert fired(decisions) == [0.0]
