from __future__ import annotations

import numpy as np
import pytest

from edge.cameras.demo import HOPPER
from edge.faces.template_matching import Template
from edge.values import Box, Grey
from tests.edge.faces.portraits import show

FACE = Box(260, 180, 120, 120)


def shown(dx: float = 0.0, dy: float = 0.0, seed: int = 1) -> Grey:
    """A face in noise, moved from ``FACE``."""
    view = show(HOPPER, FACE.w, (FACE.x + FACE.w / 2 + dx, FACE.y + FACE.h / 2 + dy))
    noise = np.random.default_rng(seed).normal(0.0, 4.0, view.shape)
    return np.asarray(np.clip(view + noise, 0, 255), np.uint8)


@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (2, -1), (-3, 2), (7, -12), (-18, 18)])
def test_a_match_is_finer_than_the_templates_pixels(dx: int, dy: int) -> None:
    box = Template(shown(), FACE).match(shown(dx, dy, seed=2), FACE)
    assert box is not None
    assert (box.w, box.h) == (FACE.w, FACE.h)
    assert abs(box.x - FACE.x - dx) <= 1
    assert abs(box.y - FACE.y - dy) <= 1


def test_the_search_window_is_around_the_last_box() -> None:
    template, moved = Template(shown(), FACE), shown(60, 0)
    assert template.match(moved, FACE) is None
    near = template.match(moved, Box(FACE.x + 50, FACE.y, FACE.w, FACE.h))
    assert near is not None
    assert abs(near.x - FACE.x - 60) <= 1


@pytest.mark.parametrize("dx", range(22, 34, 2))
def test_at_the_windows_edge_a_face_is_matched_or_in_doubt(dx: int) -> None:
    for x, y in ((dx, 0), (0, -dx)):
        box = Template(shown(), FACE).match(shown(x, y, seed=2), FACE)
        assert box is None or max(abs(box.x - FACE.x - x), abs(box.y - FACE.y - y)) <= 2


def test_something_else_is_in_doubt() -> None:
    template = Template(shown(), FACE)
    wall = np.full((480, 640), 110, np.uint8)
    assert template.match(wall, FACE) is None
    covered = shown(seed=2)
    covered[240:300] = 110
    assert template.match(covered, FACE) is None
    assert template.match(np.ascontiguousarray(shown()[:, ::-1]), FACE) is None


def test_a_brighter_picture_of_the_face_matches() -> None:
    brighter = np.asarray(0.7 * shown() + 40, np.uint8)
    assert Template(shown(), FACE).match(brighter, FACE) == FACE


@pytest.mark.parametrize("box", [Box(-9, 180, 120, 120), Box(260, 400, 120, 120)])
def test_a_face_across_the_frames_edge_is_in_doubt(box: Box) -> None:
    assert Template(shown(), box).match(shown(), FACE) is None
    assert Template(shown(), FACE).match(shown(), box) is None


def test_a_face_in_a_smaller_frame_is_in_doubt() -> None:
    assert Template(shown(), FACE).match(shown()[:240, :320], FACE) is None
