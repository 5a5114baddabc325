"""Whatever measures the device's path measures a compiled bundle on the Edge TPU.

A library of ours stands in for Google's; open_classifier and the classifier log where they run.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.measure.check import measure_round
from benchmarks.measure.flat_out import flat_out
from benchmarks.measure.frame_to_pin import at_camera_rate, pin_latency
from benchmarks.measure.paths import naive_path, show
from benchmarks.peers.measure import time_faces
from benchmarks.peers.smilenet import DevicePath, Smilenet
from benchmarks.reliability.endurance import endure
from benchmarks.reliability.held_photo import show_photo
from benchmarks.simulate.scenes import SMILES, WALKING
from tests.edge.model.fake_coral import Coral

ON_EDGE_TPU, ON_CPU = "the model runs on the Edge TPU", "the model runs on the CPU"


@pytest.fixture(autouse=True)
def _bundle(
    coral_bundle: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SMILE_GATE_MODEL__BUNDLE", str(coral_bundle))
    caplog.set_level("INFO", "edge.model")


def time_a_face() -> None:
    with closing(Smilenet()) as scorer:
        time_faces(scorer, 1, 0.0)


@pytest.mark.usefixtures("coral")
@pytest.mark.parametrize(
    "measure",
    [
        lambda: show(WALKING, 2, "this"),
        lambda: flat_out(WALKING, 1, 0.0, film=2),
        lambda: at_camera_rate(SMILES[0], 0.2),
        lambda: pin_latency(1),
        lambda: show_photo(0.1),
        lambda: endure(0.3),
        measure_round,
        time_a_face,
        lambda: DevicePath().path(),
    ],
    ids=["path", "flat out", "camera", "pin", "photo", "endurance", "check", "peer", "its path"],
)
def test_measured_on_the_edge_tpu(
    measure: Callable[[], object], caplog: pytest.LogCaptureFixture
) -> None:
    measure()
    assert ON_EDGE_TPU in caplog.text
    assert ON_CPU not in caplog.text


def test_measured_on_the_cpu_without_an_accelerator(
    coral: Coral, caplog: pytest.LogCaptureFixture
) -> None:
    coral.unplug()
    show(WALKING, 2, "this")
    assert ON_CPU in caplog.text
    assert ON_EDGE_TPU not in caplog.text


@pytest.mark.usefixtures("coral")
def test_the_naive_path_stays_on_the_cpu(caplog: pytest.LogCaptureFixture) -> None:
    naive_path(keras=False)
    assert caplog.text == ""
