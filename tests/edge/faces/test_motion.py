from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from edge.faces.motion import CELL_PX, MotionMap, cell_means
from edge.values import Box, Grey
from tests.edge.faces.portraits import WHOLE

FACE = Box(320, 160, 96, 96)


def noisy(wall: float = 100.0, seed: int = 1, at: Box | None = None, level: float = 0.0) -> Grey:
    """A wall in noise, of another grey level in a box."""
    picture = np.full((480, 640), wall)
    if at is not None:
        at.cut(picture)[:] = level
    noise = np.random.default_rng(seed).normal(0.0, 4.0, picture.shape)
    return np.asarray(np.clip(picture + noise, 0, 255), np.uint8)


def take(motion: MotionMap, grey: Grey, time: float = 0.1, known: Sequence[Box] = ()) -> Box | None:
    return motion.take_region(cell_means(grey), known, time)


@pytest.fixture
def motion() -> MotionMap:
    """An empty wall, searched as a whole at 0 s."""
    motion = MotionMap()
    assert take(motion, noisy(), time=0.0) == WHOLE
    return motion


def test_noise_is_no_motion(motion: MotionMap) -> None:
    assert [take(motion, noisy(seed=seed)) for seed in range(2, 22)] == [None] * 20


def test_a_change_is_searched_once(motion: MotionMap) -> None:
    assert take(motion, noisy(at=FACE, level=110)) == FACE
    assert take(motion, noisy(at=FACE, level=110, seed=2)) is None


def test_slow_changes_add_up(motion: MotionMap) -> None:
    regions = [take(motion, noisy(at=FACE, level=100 + 0.5 * step)) for step in range(9)]
    assert FACE in regions


def test_a_change_of_light_changes_the_whole_frame(motion: MotionMap) -> None:
    assert take(motion, noisy(wall=110)) == WHOLE


def test_the_whole_frame_is_searched_twice_a_second(motion: MotionMap) -> None:
    regions = [take(motion, noisy(), time=0.2 * step) for step in range(1, 16)]
    assert [step for step, box in enumerate(regions, 1) if box == WHOLE] == [3, 6, 9, 12, 15]


def test_a_frame_of_another_size_is_searched_as_a_whole(motion: MotionMap) -> None:
    assert take(motion, noisy()[:240, :320]) == Box(0, 0, 320, 240)


def test_a_known_face_and_its_hair_are_not_searched(motion: MotionMap) -> None:
    hair = Box(FACE.x - 32, FACE.y - 32, FACE.w + 64, FACE.h + 64)
    assert take(motion, noisy(at=hair, level=50), known=[FACE]) is None


def test_where_a_face_has_gone_only_what_it_hid_is_searched(motion: MotionMap) -> None:
    take(motion, noisy(at=FACE, level=50), time=1.0, known=[FACE])
    assert take(motion, noisy(), time=1.1) is None
    take(motion, noisy(at=FACE, level=50), time=1.2, known=[FACE])
    assert take(motion, noisy(at=FACE, level=150), time=1.3) == FACE


def test_nothing_is_searched_where_a_known_face_fills_the_frame() -> None:
    assert take(MotionMap(), noisy(), known=[WHOLE]) is None


@pytest.mark.parametrize("shape", [(1, 1), (10, 10), (64, 64), (3, 1000), (479, 641)])
def test_frames_of_any_shape_have_cells(shape: tuple[int, int]) -> None:
    cells = cell_means(np.full(shape, 7, np.uint8))
    assert cells.shape == tuple(max(1, side // CELL_PX) for side in shape)
    assert (cells == 7).all()
    assert MotionMap().take_region(cells, [], 0.0) is not None
    MotionMap().take_region(cells, [Box(-50, 2, 90, 90), Box(9000, 9000, 90, 90)], 0.0)
