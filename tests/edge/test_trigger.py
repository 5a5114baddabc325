from __future__ import annotations

import math

import pytest
from msgspec.structs import replace

from edge.settings import TriggerSettings
from edge.trigger import Trigger
from edge.values import Box, Decision, Face, SmileScore
from tests.edge.films import (
    HERE,
    LARGE,
    NEUTRAL_FIRST,
    SETTINGS,
    THERE,
    Film,
    blinking,
    fired,
    steady,
    steps,
    together,
)


def test_fires_once_when_the_hold_is_over() -> None:
    decisions = steps(steady(0.1, 0, 1) + steady(0.9, 1, 9))
    assert fired(decisions) == [1.3]
    assert [d.time for d in decisions if d.smile_on] == [1.0]
    assert next(d.face for d in decisions if d.fire) == 1


def test_while_it_is_disarmed_nothing_fires_no_smile_is_consumed_and_no_cooldown_starts() -> None:
    trigger = Trigger(replace(SETTINGS, max_per_minute=1))
    decisions = [
        trigger.step(time, [SmileScore(Face(1, HERE, 1.0), score)], armed=time >= 5.0)
        for start, end, score in ((0, 2, 0.9), (2, 4, 0.1), (4, 9, 0.9))
        for time, _ in steady(score, start, end)
    ]
    assert fired(decisions) == [5.0]
    assert [decision.time for decision in decisions if decision.smile_on] == [0.0, 4.0]
    assert not any(decision.smiling or decision.too_many for decision in decisions[:50])


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


@pytest.mark.parametrize(("score", "ends"), [(0.4, False), (0.39, True)])
def test_the_lower_threshold_itself_ends_nothing(score: float, ends: bool) -> None:
    decisions = steps(steady(0.9, 0, 0.1) + steady(score, 0.1, 1))
    assert any(d.smile_off for d in decisions) is ends


def test_forgetting_all_faces_ends_their_smiles() -> None:
    trigger = Trigger(SETTINGS)
    trigger.step(0.0, [SmileScore(Face(i, HERE, 1.0), score) for i, score in ((1, 0.9), (2, 0.1))])
    assert trigger.forget(0.1) == Decision(0.1, smile_off=(1,))
    assert trigger.forget(0.2) == Decision(0.2)


def test_the_cooldown_holds_back_the_next_smile() -> None:
    smiles = steady(0.9, 0, 1) + steady(0.1, 1, 1.5) + steady(0.9, 1.5, 6)
    assert fired(steps(smiles)) == [0.3, 3.3]


def test_a_smile_fires_again_only_after_it_ended() -> None:
    assert fired(steps(steady(0.9, 0, 8) + steady(0.1, 8, 8.2) + steady(0.9, 8.2, 9))) == [0.3, 8.5]


def test_a_face_unseen_for_a_moment_goes_on_smiling() -> None:
    gap: list[tuple[float, dict[int, float]]] = [(0.1, {}), (0.2, {})]
    assert fired(steps([(0.0, {1: 0.9}), *gap, (0.3, {1: 0.9})])) == [0.3]
    assert fired(steps([(0.0, {1: 0.9}), *gap, (0.35, {1: 0.9})])) == []


def test_a_missed_frame_and_then_a_long_time_is_no_bridge() -> None:
    """Time enough to swap a neutral face for a photo."""
    scene = [(0.0, {1: 0.1}), (1.0, {1: 0.1}), (1.2, {}), (2.9, {1: 0.9}), (3.2, {1: 0.9})]
    assert fired(steps(scene, replace(SETTINGS, neutral_first=True))) == []


def test_not_being_seen_is_not_being_neutral() -> None:
    scene = [(i / 10, {1: 0.1}) for i in range(6)] + [(i / 10, {1: 0.9}) for i in range(8, 14)]
    scene[6:6] = [(0.6, {}), (0.7, {})]
    neutral = replace(SETTINGS, neutral_first=True, neutral_s=0.7)
    assert fired(steps(scene, neutral)) == []
    assert fired(steps(scene, replace(neutral, neutral_s=0.5))) == [1.1]


def test_a_second_frame_of_the_same_time_changes_no_smoothed_score() -> None:
    settings = replace(SETTINGS, smoothing_s=0.1)
    first, second, again = steps([(0.0, {1: 0.5}), (0.1, {1: 0.9}), (0.1, {1: 0.0})], settings)
    assert first.score == 0.5 < second.score == again.score


@pytest.mark.parametrize(("hold_s", "fires_at"), [(0.18, 10.4), (0.19, 10.5)])
def test_a_smile_starts_when_the_smoothed_score_crosses_the_threshold(
    hold_s: float, fires_at: float
) -> None:
    """A line from 0 to 1 that takes one time constant brings the filter to 1/e; from there it is
    ln((1 - 1/e) / 0.2) time constants to 0.8: it gets there at 10.215 s."""
    film: Film = [(10.0, {1: 0.0}), (10.1, {1: 1.0}), (10.3, {1: 1.0}), (10.4, {1: 1.0})]
    settings = replace(SETTINGS, smoothing_s=0.1, hold_s=hold_s)
    assert fired(steps([*film, (10.5, {1: 1.0})], settings)) == [fires_at]


UNSEEN_BETWEEN: Film = [(0.0, {1: 0.5}), (0.1, {}), *steady(0.0, 0.2, 0.8)]
SLOW_CAMERA: Film = [(0.0, {1: 0.5}), *steady(0.0, 0.5, 0.9)]


@pytest.mark.parametrize(
    ("film", "neutral_s", "firings"),
    [
        (steady(0.4, 0, 1), 0.3, 0),  # on the lower threshold it smiles
        (UNSEEN_BETWEEN, 0.67, 0),  # neutral at the earliest from the frame without the face on
        (UNSEEN_BETWEEN, 0.6, 1),
        (SLOW_CAMERA, 0.6, 0),  # neutral for 0.2 s at most before the frame that shows it
        (SLOW_CAMERA, 0.5, 1),
    ],
)
def test_how_long_a_face_was_neutral(film: Film, neutral_s: float, firings: int) -> None:
    end = film[-1][0] + 0.1
    scene = [*film, *steady(0.9, end, end + 0.5)]
    assert len(fired(steps(scene, replace(NEUTRAL_FIRST, neutral_s=neutral_s)))) == firings


def test_two_frames_far_apart_are_no_smile() -> None:
    assert fired(steps([(0.0, {1: 0.7}), (1.9, {1: 0.9})])) == []


def test_a_face_unseen_for_long_smiles_no_more() -> None:
    decisions = steps([(0.0, {1: 0.9}), (0.2, {}), (0.4, {}), (0.5, {1: 0.9}), (0.7, {1: 0.9})])
    assert fired(decisions) == []
    assert [d.smile_off for d in decisions] == [(), (), (1,), (), ()]


def test_nothing_fires_on_a_face_that_is_not_seen() -> None:
    assert fired(steps([(0.0, {1: 0.9}), (0.29, {1: 0.9}), (0.5, {}), (0.55, {})])) == []


def test_each_face_has_a_smile_of_its_own() -> None:
    handed_over: Film = [(0.0, {1: 0.9}), (0.2, {1: 0.1, 2: 0.9}), (0.4, {1: 0.1, 2: 0.9})]
    assert fired(steps(handed_over)) == []
    assert fired(steps([*handed_over, (0.55, {1: 0.1, 2: 0.9})])) == [0.55]


def test_the_face_that_smiles_longest_fires() -> None:
    decisions = steps([(0.0, {2: 0.9}), (0.1, {1: 0.9, 2: 0.9}), (0.5, {1: 0.9, 2: 0.9})])
    assert [d.face for d in decisions if d.fire] == [2]


def test_without_hold_the_first_frame_fires() -> None:
    decisions = steps(steady(0.9, 0, 1), TriggerSettings(hold_s=0, smoothing_s=0))
    assert fired(decisions) == [0.0]


@pytest.mark.parametrize("frames", [1, 5, 48])
def test_a_step_reaches_63_percent_after_the_time_constant(frames: int) -> None:
    later = [(1e-7 + 0.5 * i / frames, {1: 1.0}) for i in range(frames + 1)]
    decisions = steps([(0.0, {1: 0.0}), *later], replace(SETTINGS, smoothing_s=0.5))
    assert decisions[-1].score == pytest.approx(1 - 1 / math.e, abs=1e-6)


@pytest.mark.parametrize("frames", [1, 5, 48])
def test_an_even_rise_is_smoothed_alike_at_every_frame_rate(frames: int) -> None:
    rise = [(0.5 * i / frames, {1: i / frames}) for i in range(frames + 1)]
    decisions = steps(rise, replace(SETTINGS, smoothing_s=0.5))
    assert decisions[-1].score == pytest.approx(1 / math.e)


@pytest.mark.parametrize("fps", [8, 10, 30, 60])
@pytest.mark.parametrize(("score", "wrong"), [(0.1, 1.0), (0.9, 0.0)])
def test_one_wrong_score_starts_and_ends_no_smile(fps: int, score: float, wrong: float) -> None:
    scores = [score] * 30 + [wrong] + [score] * 30
    decisions = steps(((i / fps, {1: s}) for i, s in enumerate(scores)), TriggerSettings())
    assert not any(d.smile_on for d in decisions[1:])
    assert not any(d.smile_off for d in decisions)


def test_a_smile_starts_between_the_frames() -> None:
    risen: Film = [(0.0, {1: 0.6}), (0.2, {1: 1.0}), (0.39, {1: 1.0}), (0.41, {1: 1.0})]
    assert fired(steps(risen)) == [0.41]


def test_a_smile_starts_no_earlier_than_a_frame_without_the_face() -> None:
    hidden: Film = [(0.0, {1: 0.7}), (0.2, {}), (0.3, {1: 1.0}), (0.45, {1: 1.0})]
    assert fired(steps([*hidden, (0.55, {1: 1.0})])) == [0.55]


def test_the_largest_face_alone_fires() -> None:
    settings = replace(SETTINGS, who="largest")
    small = steady(0.9, 0, 3)
    large = steady(0.1, 0, 2, LARGE, 2) + steady(0.9, 2, 3, LARGE, 2)
    decisions = steps(together(small, large), settings)
    assert [(d.time, d.face) for d in decisions if d.fire] == [(2.3, 2)]


def test_who_is_largest_is_told_from_the_faces_seen() -> None:
    settings = replace(SETTINGS, who="largest", bridge_s=1.0)
    small, large = steady(0.9, 0, 1), steady(0.1, 0, 0.2, LARGE, 2)
    assert fired(steps(together(small, large), settings)) == [0.3]


def test_all_fires_when_everyone_smiles() -> None:
    settings = replace(SETTINGS, who="all")
    first, second = steady(0.9, 0, 3), steady(0.1, 0, 2, THERE, 2) + steady(0.9, 2, 3, THERE, 2)
    decisions = steps(together(first, second), settings)
    assert [(d.time, d.face) for d in decisions if d.fire] == [(2.3, 1)]
    assert fired(steps(first, settings)) == [0.3]


def test_a_smile_used_up_is_still_one_of_all() -> None:
    neutral = together(steady(0.1, 0, 1), steady(0.1, 0, 1, THERE, 2))
    second = steady(0.9, 1, 3, THERE, 2) + steady(0.1, 3, 5, THERE, 2) + steady(0.9, 5, 9, THERE, 2)
    film = neutral + together(steady(0.9, 1, 9), second)
    assert fired(steps(film, replace(NEUTRAL_FIRST, who="all"))) == [1.3, 5.3]


def test_all_waits_for_a_face_that_is_bridged() -> None:
    settings = replace(SETTINGS, who="all")
    first, second = steady(0.9, 0, 1), steady(0.1, 0, 0.1, THERE, 2)
    assert fired(steps(together(first, second), settings)) == [0.4]


@pytest.mark.parametrize(("count", "fires"), [(1, True), (2, True), (3, False)])
def test_count_faces_must_smile(count: int, fires: bool) -> None:
    settings = replace(SETTINGS, who="count", count=count)
    faces = together(steady(0.9, 0, 2), steady(0.9, 0, 2, THERE, 2), steady(0.1, 0, 2, LARGE, 3))
    assert fired(steps(faces, settings)) == ([0.3] if fires else [])


def test_count_faces_must_smile_at_once() -> None:
    settings = replace(SETTINGS, who="count", count=2)
    first = steady(0.9, 0, 1) + steady(0.1, 1, 4)
    second = steady(0.1, 0, 1, THERE, 2) + steady(0.9, 1, 4, THERE, 2)
    assert fired(steps(together(first, second), settings)) == []


def test_a_photo_that_always_smiles_never_fires_with_neutral_first() -> None:
    assert fired(steps(steady(0.9, 0, 60), NEUTRAL_FIRST)) == []
    shaken = steady(0.9, 0, 5) + steady(0.1, 5, 5.5) + steady(0.9, 5.5, 9)
    assert fired(steps(shaken, NEUTRAL_FIRST)) == []


@pytest.mark.parametrize(
    ("neutral_s", "fires"), [(0.6, True), (0.63, True), (0.64, False), (0.7, False)]
)
def test_a_face_neutral_for_long_enough_fires(neutral_s: float, fires: bool) -> None:
    settings = replace(NEUTRAL_FIRST, neutral_s=neutral_s)
    film = steady(0.1, 0, 0.7) + steady(0.9, 0.7, 2)
    assert fired(steps(film, settings)) == ([1.0] if fires else [])


@pytest.mark.parametrize(("neutral_s", "fires"), [(0.57, True), (0.58, False)])
def test_a_face_is_neutral_from_between_the_frames_on(neutral_s: float, fires: bool) -> None:
    settings = replace(NEUTRAL_FIRST, neutral_s=neutral_s)
    film = steady(0.9, 0, 1) + steady(0.1, 1, 1.6) + steady(0.9, 1.6, 3)
    assert fired(steps(film, settings)) == ([1.9] if fires else [])


def test_two_short_rests_are_not_a_long_one() -> None:
    rests = steady(0.1, 0, 0.5) + steady(0.5, 0.5, 0.7) + steady(0.1, 0.7, 1.2)
    assert fired(steps(rests + steady(0.9, 1.2, 3), NEUTRAL_FIRST)) == []


def test_each_firing_needs_a_neutral_face_before() -> None:
    once = steady(0.1, 0, 1) + steady(0.9, 1, 3)
    assert fired(steps(once + steady(0.1, 3, 3.5) + steady(0.9, 3.5, 9), NEUTRAL_FIRST)) == [1.3]
    again = once + steady(0.1, 3, 4) + steady(0.9, 4, 9)
    assert fired(steps(again, NEUTRAL_FIRST)) == [1.3, 4.3]


def test_a_bridged_face_stays_neutral_and_a_lost_one_does_not() -> None:
    neutral, smile = steady(0.1, 0, 1), steady(0.9, 1.2, 3)
    assert fired(steps([*neutral, (1.0, {}), (1.1, {}), *smile], NEUTRAL_FIRST)) == [1.5]
    lost: Film = [(1.0, {}), (1.1, {}), (1.19, {})]
    short_bridge = replace(NEUTRAL_FIRST, bridge_s=0.25)
    assert fired(steps([*neutral, *lost, *smile], short_bridge)) == []


@pytest.mark.parametrize(
    "jumped",
    [
        HERE._replace(x=146),
        HERE._replace(y=54),
        Box(77, 77, 136, 136),
        Box(123, 123, 44, 44),
        Box(140, 100, 110, 90),
        Box(127, 100, 130, 90),
        Box(100, 100, 90, 182),
    ],
)
def test_a_face_that_jumps_or_grows_must_be_neutral_again(jumped: Box) -> None:
    neutral, smile = steady(0.1, 0, 2), steady(0.9, 2, 5, jumped)
    assert fired(steps(neutral + smile, NEUTRAL_FIRST)) == []
    again = steady(0.1, 5, 6, jumped) + steady(0.9, 6, 8, jumped)
    assert fired(steps(neutral + smile + again, NEUTRAL_FIRST)) == [6.3]


@pytest.mark.parametrize(
    "moved",
    [
        HERE._replace(x=145),
        HERE._replace(y=55),
        Box(78, 78, 135, 135),
        Box(122, 122, 45, 45),
        Box(100, 60, 90, 170),
    ],
)
def test_a_face_that_moves_or_grows_little_goes_on(moved: Box) -> None:
    assert fired(steps(steady(0.1, 0, 2) + steady(0.9, 2, 5, moved), NEUTRAL_FIRST)) == [2.3]


def test_faces_whose_ids_are_swapped_must_be_neutral_again() -> None:
    person = steady(0.1, 0, 2, HERE, 1) + steady(0.1, 2, 4, HERE, 2) + steady(0.9, 4, 5, HERE, 2)
    photo = steady(0.9, 0, 2, THERE, 2) + steady(0.9, 2, 5, THERE, 1)
    decisions = steps(together(person, photo), NEUTRAL_FIRST)
    assert [(d.time, d.face) for d in decisions if d.fire] == [(4.3, 2)]


def test_a_jump_ends_a_smile_and_starts_another() -> None:
    decisions = steps(steady(0.9, 0, 0.2) + steady(0.9, 0.2, 1, THERE))
    assert [(d.time, d.smile_off, d.smile_on) for d in decisions if d.smile_off] == [
        (0.2, (1,), (1,))
    ]
    assert fired(decisions) == [0.5]


def test_narrow_faces_are_as_if_they_were_not_there() -> None:
    settings = replace(SETTINGS, who="all", min_face_px=91)
    decisions = steps(steady(0.9, 0, 2), settings)
    assert not any(d.fire or d.smile_on or d.score for d in decisions)
    decisions = steps(together(steady(0.9, 0, 1, LARGE, 2), steady(0.1, 0, 2)), settings)
    assert fired(decisions) == [0.3]
    assert [(d.time, d.smile_off) for d in decisions if d.smile_off] == [(1.3, (2,))]
    assert fired(steps(steady(0.9, 0, 2), replace(settings, min_face_px=90))) == [0.3]


def test_a_firing_uses_up_all_smiles_under_way() -> None:
    first = steady(0.9, 0, 1) + steady(0.1, 1, 9)
    second = steady(0.9, 0.1, 5, THERE, 2) + steady(0.1, 5, 6, THERE, 2)
    third = steady(0.9, 6, 9, THERE, 2)
    decisions = steps(together(first, second + third))
    assert [(d.time, d.face) for d in decisions if d.fire] == [(0.3, 1), (6.3, 2)]


def test_smiling_lasts_as_long_as_the_smile_that_fired() -> None:
    gap: Film = [(1.0, {}), (1.1, {})]
    film = steady(0.9, 0, 1) + gap + steady(0.5, 1.2, 2) + steady(0.1, 2, 3) + steady(0.9, 3, 3.3)
    decisions = steps(film)
    assert [d.time for d in decisions if d.smiling] == [i / 10 for i in range(3, 20)]


def test_smiling_ends_when_the_face_is_lost() -> None:
    decisions = steps(steady(0.9, 0, 1) + [(i / 10, {}) for i in range(10, 20)])
    assert [d.time for d in decisions if d.smiling] == [i / 10 for i in range(3, 13)]


def test_the_score_is_the_highest_of_the_faces() -> None:
    film: Film = [(0.0, {}), (0.1, {1: 0.3, 2: 0.6}), (0.2, {1: 0.7}), (0.5, {1: 0.2})]
    assert [d.score for d in steps(film)] == [0.0, 0.6, 0.7, 0.2]


def test_one_firing_too_many_in_a_minute_stops_all_for_a_minute() -> None:
    settings = replace(SETTINGS, hold_s=0, cooldown_s=0, max_per_minute=3)
    decisions = steps(blinking(1.0, 70.0), settings)
    assert fired(decisions) == [0.0, 1.0, 2.0, 63.0, 64.0, 65.0]
    stopped = [d.time for d in decisions if d.too_many]
    assert [t for t in stopped if t < 66] == [3.0 + i / 2 for i in range(120)]


def test_as_many_firings_as_allowed_stop_nothing() -> None:
    settings = replace(SETTINGS, hold_s=0, cooldown_s=0, max_per_minute=3)
    decisions = steps(blinking(20.0, 300.0), settings)
    assert len(fired(decisions)) == 15
    assert not any(d.too_many for d in decisions)


@pytest.mark.parametrize(("time", "fires"), [(2.0, True), (2.01, False)])
def test_frames_far_apart_start_all_faces_anew(time: float, fires: bool) -> None:
    decisions = steps([(0.0, {1: 0.9}), (time, {1: 0.9})])
    assert bool(fired(decisions)) is fires
    assert decisions[-1].smile_off == (() if fires else (1,))
    neutral: Film = [(0.0, {1: 0.1}), (time, {1: 0.1}), (time + 0.1, {1: 0.9})]
    smile: Film = [(time + 0.4, {1: 0.9})]
    assert bool(fired(steps(neutral + smile, NEUTRAL_FIRST))) is fires
