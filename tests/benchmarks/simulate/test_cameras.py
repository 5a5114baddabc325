from __future__ import annotations

from benchmarks.simulate.cameras import SceneCamera
from benchmarks.simulate.scenes import WALKING


def test_a_scene_camera_shows_its_scene_again_and_again() -> None:
    camera = SceneCamera(WALKING, 0.1)
    frames = [camera.read() for _ in range(7)]
    greys = [frame.grey for frame in frames if frame is not None]
    assert len(greys) == 7
    assert (greys[0] == greys[3]).all()
    assert not (greys[0] == greys[2]).all()
