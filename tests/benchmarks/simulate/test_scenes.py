from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.simulate.scenes import WALKING, Scene


def test_scenes_are_the_same_each_time_and_say_where_the_faces_are() -> None:
    for scene in (Scene(1, "walking"), Scene(4, "entering"), Scene(12, "still", (1131, 679))):
        film, again = list(scene.render(12)), list(scene.render(12))
        pairs = zip(film, again, strict=True)
        assert all((frame.grey == same.grey).all() for (frame, _), (same, _) in pairs)
        assert film[6][0].grey.shape == scene.size[::-1]
        assert max(len(boxes) for _, boxes in film) <= scene.faces
    assert len(next(Scene(12).render(1))[1]) == 12
    comes_and_goes = [len(boxes) for _, boxes in Scene(1, "entering").render(16)]
    assert comes_and_goes == [0] * 4 + [1] * 8 + [0] * 4


def test_a_dim_scene_is_dim_and_the_same_else() -> None:
    scenes = [replace(WALKING, light=light) for light in (1, 0.2)]
    (bright, boxes), (dim, same) = (next(scene.render(1)) for scene in scenes)
    assert boxes == same
    assert dim.grey.mean() == pytest.approx(0.2 * bright.grey.mean(), rel=0.05)
