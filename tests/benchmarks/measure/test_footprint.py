from __future__ import annotations

import pytest

from benchmarks.measure.footprint import measure_command
from benchmarks.simulate.scenes import Scene
from edge.errors import CameraError


def test_the_command_is_measured_on_a_face() -> None:
    figures = measure_command(1.0)
    assert figures["ready_s"] > 0
    assert figures["cpu_per_s"] > 0
    assert figures["peak_memory_mb"] > 30


def test_a_clip_without_a_face_is_refused() -> None:
    with pytest.raises(CameraError, match="expected a face"):
        measure_command(0.1, Scene(0))
