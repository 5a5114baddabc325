from __future__ import annotations

import numpy as np
import pytest

from edge.cameras import demo
from edge.cameras.demo import DemoCamera, Portrait
from edge.errors import MissingPackageError
from edge.values import Frame


def test_is_the_same_each_time(demo_frames: list[Frame]) -> None:
    again = list(iter(DemoCamera().read, None))
    assert len(again) == len(demo_frames) == round(demo.DURATION_S * demo.FPS)
    for first, second in zip(demo_frames, again, strict=True):
        assert first.time == second.time
        assert np.array_equal(first.grey, second.grey)


def test_moves_and_changes(demo_frames: list[Frame]) -> None:
    first, second, smiling = (demo_frames[i].grey.astype(int) for i in (0, 1, 60))
    assert 2 < np.abs(first - second).mean() < 10
    assert np.abs(first - smiling).mean() > 30


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "HOPPER", Portrait("no_such_package", "x.jpg", (0, 0), 1))
    with pytest.raises(MissingPackageError, match=r"no_such_package.* pip install"):
        DemoCamera()
