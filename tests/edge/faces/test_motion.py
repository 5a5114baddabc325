from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from edge.faces.motion import CELL_PX, Changes, cell_means
from edge.values import Box, Grey

WHOLE = Box(0, 0, 640, 480)
FACE = Box(320, 160, 96, 96)


def noisy(level: float = 100.0, seed: int = 1, at: Box | None = None, other: float = 0.0) -> Grey:
    """A wall in noise, with something of another brightness in a box."""
    picture = np.full((480, 640), level)
    if at is not None:
        at.cut(picture)[:] = other
    noise = np.random.default_rng(seed).normal(0.0, 4.0, picture.shape)
    return np.asarray(np.clip(picture + noise, 0, 255), np.uint8)


def due(changes: Changes, grey: Grey, time: float = 0.1, known: Sequence[Box] = ()) -> Box | None:
    return changes.due(cell_means(grey), known, time)


@pytest.fixture
def searched() -> Changes:
    """An empty wall, searched as a whole at 0 s."""
    changes = Changes()
    assert due(changes, noisy(), time=0.0) == WHOLE
    return changes


def test_noise_is_no_change(searched: Changes) -> None:
    assert [due(searched, noisy(seed=seed)) for seed in range(2, 22)] == [None] * 20


def test_what_changed_is_due_once(searched: Changes) -> None:
    assert due(searched, noisy(at=FACE, other=110)) == FACE
    assert due(searched, noisy(at=FACE, other=110, seed=2)) is None


def test_slow_changes_add_up(searched: Changes) -> None:
    found = [due(searched, noisy(at=FACE, other=100 + 0.5 * step)) for step in range(9)]
    assert found.count(FACE) >= 1


def test_a_change_of_light_is_a_change_of_the_whole(searched: Changes) -> None:
    assert due(searched, noisy(level=110)) == WHOLE


def test_the_whole_is_due_twice_a_second(searched: Changes) -> None:
    found = [due(searched, noisy(), time=0.2 * step) for step in range(1, 16)]
    assert [step for step, box in enumerate(found, 1) if box == WHOLE] == [3, 6, 9, 12, 15]


def test_a_frame_of_another_size_is_due_as_a_whole(searched: Changes) -> None:
    assert due(searched, noisy()[:240, :320]) == Box(0, 0, 320, 240)


def test_a_known_face_and_its_hair_are_no_change(searched: Changes) -> None:
    hair = Box(FACE.x - 32, FACE.y - 32, FACE.w + 64, FACE.h + 64)
    assert due(searched, noisy(at=hair, other=50), known=[FACE]) is None


def test_where_a_face_has_gone_only_what_it_hid_is_due(searched: Changes) -> None:
    due(searched, noisy(at=FACE, other=50), time=1.0, known=[FACE])
    assert due(searched, noisy(), time=1.1) is None
    due(searched, noisy(at=FACE, other=50), time=1.2, known=[FACE])
    assert due(searched, noisy(at=FACE, other=150), time=1.3) == FACE


def test_nothing_is_due_where_a_known_face_fills_the_frame() -> None:
    assert due(Changes(), noisy(), known=[WHOLE]) is None


@pytest.mark.parametrize("shape", [(1, 1), (10, 10), (64, 64), (3, 1000), (479, 641)])
def test_frames_of_any_shape_have_cells(shape: tuple[int, int]) -> None:
    cells = cell_means(np.full(shape, 7, np.uint8))
    assert cells.shape == tuple(max(1, side // CELL_PX) for side in shape)
    assert (cells == 7).all()
    assert Changes().due(cells, [], 0.0) is not None
    Changes().due(cells, [Box(-50, 2, 90, 90), Box(9000, 9000, 90, 90)], 0.0)
