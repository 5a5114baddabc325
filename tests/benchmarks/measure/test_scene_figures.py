from __future__ import annotations

from functools import partial

import pytest

from benchmarks.measure.paths import FramePath, cascades_path, device_path, naive_path
from benchmarks.measure.scene_figures import measure_path
from benchmarks.simulate.scenes import WALKING, Scene
from edge.pipeline import Timings
from edge.values import Box, Frame


def test_a_path_is_compared_with_the_true_faces() -> None:
    film = list(Scene(1).render(4))
    face = film[0][1][0]
    beside = Box(face.x + 11, face.y, face.w, face.h)
    detections = iter([[], [beside], [beside, Box(0, 0, 50, 50)], [beside]])

    def process(_: Frame, timings: Timings) -> list[Box]:
        with timings.stage("faces"):
            return next(detections)

    figures = measure_path(film, process)
    assert figures.recall == 0.75
    assert figures.box_error == pytest.approx(0.1, abs=0.02)
    assert figures.false == 0.25
    assert figures.first_s == pytest.approx(1 / 30)
    assert set(figures.median_ms) == set(figures.p99_ms) == {"faces", "frame"}
    assert 0 < figures.median_ms["faces"] < figures.median_ms["frame"] <= figures.p99_ms["frame"]


@pytest.mark.parametrize(
    ("path", "stages"),
    [
        (device_path, {"frame", "faces", "classifier", "trigger"}),
        (partial(naive_path, keras=False), {"frame", "faces", "classifier"}),
        (cascades_path, {"frame", "faces", "classifier"}),
    ],
    ids=["device", "naive", "cascades"],
)
def test_each_path_detects_the_face_and_times_its_stages(
    path: partial[FramePath], stages: set[str]
) -> None:
    figures = measure_path(WALKING.render(2), path())
    assert figures.recall == 1.0
    assert set(figures.median_ms) == stages
