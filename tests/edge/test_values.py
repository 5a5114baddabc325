from __future__ import annotations

import numpy as np
import pytest

from edge.values import Box, Frame


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (Box(0, 0, 10, 10), 1.0),
        (Box(5, 0, 10, 10), 50 / 150),
        (Box(10, 0, 10, 10), 0.0),
        (Box(2, 2, 5, 5), 0.25),
    ],
)
def test_intersection_over_union(other: Box, expected: float) -> None:
    assert Box(0, 0, 10, 10).iou(other) == pytest.approx(expected)
    assert other.iou(Box(0, 0, 10, 10)) == pytest.approx(expected)


def test_a_frame_is_released_at_the_end_of_its_block_whatever_happens_there() -> None:
    released: list[str] = []
    frame = Frame(0, 0.0, np.zeros((16, 16), np.uint8), give_back=lambda: released.append("buffer"))
    with pytest.raises(ZeroDivisionError), frame:
        raise ZeroDivisionError
    assert released == ["buffer"]


def test_the_release_of_a_frame_without_a_buffer_does_nothing() -> None:
    with Frame(0, 0.0, np.zeros((16, 16), np.uint8)) as frame:
        frame.release()
    assert frame.picture is frame.grey
