"""The best moment of a burst is what a snapshot saves."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.outputs.best_moment import BestMoment, merit
from edge.outputs.group import Outputs
from edge.outputs.output import Firing
from edge.values import Box, Decision, Face, Frame, Grey, Picture, SmileScore
from tests.edge.outputs.harness import FIRE, EventLog, Opened
from tests.edge.outputs.snapshot_files import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    album,
    halves,
    is_coloured,
    names,
    pictures,
)
from tests.waiting import wait_until

BOX = Box(10, 4, 50, 50)


@pytest.fixture
def folder(folder: Path) -> Path:
    folder.mkdir()
    return folder


def scored(*scores: float) -> tuple[SmileScore, ...]:
    return tuple(
        SmileScore(Face(number, BOX._replace(x=10 + 60 * (number - 1)), 5.0), score)
        for number, score in enumerate(scores, start=1)
    )


def show(
    outputs: Outputs,
    time: float,
    colour: tuple[int, int, int],
    *scores: float,
    fire: bool = False,
) -> weakref.ref[Picture]:
    """Let the outputs process a frame of one colour; return a reference to its only picture."""
    picture = halves(colour, colour)
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    face = 1 if fire else None
    decision = Decision(time, fire=fire, face=face, smiling=True, scores=scored(*scores))
    outputs.step(decision, Frame(0, time, grey, lambda: picture))
    return weakref.ref(picture)


def saved(folder: Path) -> Picture:
    (path,) = pictures(folder)
    return np.asarray(cv2.imread(str(path)), np.uint8)


@pytest.mark.parametrize("blurred", [False, True])
@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ((0.9,), (0.8,)),
        ((0.7, 0.7), (1.0, 0.6)),  # the lowest counts
        ((0.6, 0.6), (1.0,)),  # a face more
        ((0.5,), ()),
        ((0.0,), ()),
    ],
)
def test_more_faces_are_better_and_then_a_higher_lowest_score(
    collins: Grey, better: tuple[float, ...], worse: tuple[float, ...], blurred: bool
) -> None:
    grey = np.asarray(cv2.GaussianBlur(collins, (0, 0), 3), np.uint8) if blurred else collins
    assert merit(scored(*better), grey) > merit(scored(*worse), collins)


def test_among_nearly_equal_scores_the_sharper_mouth_is_better(collins: Grey) -> None:
    height, width = collins.shape
    face = Box(width // 4, height // 4, width // 2, height // 2)
    mouth = face._replace(y=face.y + face.h * 3 // 5, h=face.h * 2 // 5)
    smile, nearly = ((SmileScore(Face(1, face, 5.0), score),) for score in (0.91, 0.90))
    blurred = {}
    for name, part in (("mouth", mouth), ("elsewhere", Box(0, 0, width, height // 4))):
        blurred[name] = collins.copy()
        part.cut(blurred[name])[:] = cv2.GaussianBlur(part.cut(collins), (0, 0), 3)
    assert merit(nearly, collins) > merit(smile, blurred["mouth"])
    assert merit(smile, collins) == merit(smile, blurred["elsewhere"])
    assert merit(smile, collins) == pytest.approx(merit(smile, 255 - collins))


@pytest.mark.parametrize(
    ("x", "y", "counts"),
    [
        (20, 50, True),  # the corners of the mouth
        (49, 69, True),
        (19, 50, False),
        (20, 49, False),
        (50, 69, False),
        (49, 70, False),
    ],
)
def test_the_mouth_is_the_middle_of_the_lower_two_fifths(x: int, y: int, counts: bool) -> None:
    grey = np.zeros((100, 100), np.uint8)
    flat = merit((SmileScore(Face(1, Box(10, 20, 50, 50), 5.0), 0.9),), grey)
    grey[y, x] = 255
    dotted = merit((SmileScore(Face(1, Box(10, 20, 50, 50), 5.0), 0.9),), grey)
    assert (dotted > flat) == counts


def test_the_least_sharp_mouth_counts_even_outside_of_the_picture(collins: Grey) -> None:
    inside, outside = (Face(number, Box(x, 100, 90, 90), 5.0) for number, x in ((1, 80), (2, -95)))
    both = tuple(SmileScore(face, 0.9) for face in (inside, outside))
    flat = np.zeros_like(collins)
    assert merit(both, collins) == merit(both, flat)
    assert merit(both[:1], collins) > merit(both[:1], flat)


@pytest.mark.parametrize(
    ("later", "facts"),
    [
        ([], {}),
        ([(10.25, 0.5)], {"best_of": 2, "after_s": 0.0}),
        ([(10.25, 0.5), (10.12345, 1.0), (10.4, 0.9)], {"best_of": 4, "after_s": 0.123}),
    ],
)
def test_the_facts_of_the_choice(
    collins: Grey, later: list[tuple[float, float]], facts: dict[str, float]
) -> None:
    frame = Frame(0, 10.0, collins)
    firing = Firing(10.0, 1, None, 0.0, pictures=(collins, collins), scores=scored(0.8))
    best = BestMoment(firing, frame, 0.5)
    assert best.latest == 10.5
    for time, score in later:
        best.consider(Decision(time, scores=scored(score)), Frame(0, time, collins))
    assert best.chosen.facts == facts
    assert len(best.chosen.pictures) == 2


def test_the_best_frame_until_the_end_of_the_burst_is_saved(
    opened: Opened, events: EventLog, folder: Path
) -> None:
    outputs = opened(album(folder, best_of_s=0.5))
    show(outputs, 9.9, WHITE, 1.0)
    show(outputs, 10.0, BLUE, 0.8, fire=True)
    show(outputs, 10.25, GREEN, 0.95)
    assert not outputs.idle
    assert names(folder) == []
    show(outputs, 10.375, RED, 0.85)
    show(outputs, 10.5, RED, 0.95)  # no better
    show(outputs, 10.625, WHITE, 1.0)  # too late
    wait_until(lambda: outputs.idle)
    assert is_coloured(saved(folder), GREEN)
    assert events.names == ["saved"]
    facts = {key: value for key, value in events[0].facts.items() if key != "file"}
    assert facts == {"output": "album", "face": 1, "score": 0.95, "best_of": 4, "after_s": 0.25}


def test_a_burst_is_told_unless_the_output_is_stopped(
    opened: Opened, folder: Path, frame: Frame
) -> None:
    outputs = opened(album(folder, best_of_s=5))
    assert [event.facts["output"] for event in outputs.step(FIRE, frame)] == ["album"]
    outputs.stop()
    assert outputs.step(FIRE, frame) == []
    assert outputs.idle


def test_no_picture_but_the_best_is_kept(opened: Opened, folder: Path) -> None:
    outputs = opened(album(folder, best_of_s=5))
    kept = [show(outputs, 10.0, BLUE, 0.5, fire=True)]
    kept += [show(outputs, 10 + number / 10, GREEN, 0.5 + number / 20) for number in range(1, 9)]
    gc.collect()
    assert [picture() is not None for picture in kept] == [False] * 8 + [True]


@pytest.mark.parametrize(
    ("how", "expected"), [("end", GREEN), ("fire", GREEN), ("stop", None), ("camera_lost", None)]
)
def test_a_burst_that_is_cut_short(
    opened: Opened, folder: Path, how: str, expected: tuple[int, int, int] | None
) -> None:
    """At the end of a clip and at the next firing the best so far is saved; to be made safe drops
    it, as all that waits."""
    outputs = opened(album(folder, best_of_s=5))
    show(outputs, 10.0, BLUE, 0.8, fire=True)
    show(outputs, 10.2, GREEN, 0.95)
    if how == "fire":
        show(outputs, 10.4, RED, 0.8, fire=True)
        wait_until(lambda: bool(pictures(folder)))
        outputs.stop()
    elif how == "camera_lost":
        outputs.camera_lost("it was pulled out")
    else:
        getattr(outputs, how)()
    wait_until(lambda: outputs.idle)
    outputs.close()
    if expected is None:
        assert names(folder) == []
    else:
        assert is_coloured(saved(folder), expected)
