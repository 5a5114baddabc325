"""Measures other ways to tell smiles on the same faces and scenes, each way in its own process.

All ways get the same pictures and face boxes, work on one thread, and crop around a box as they
need. Their thresholds are chosen on GENKI-4K's train and validation parts, by
``python -m benchmarks.peers --thresholds``; ours is the bundle's.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from benchmarks.measure.accuracy import reported
from benchmarks.measure.paths import measure_path
from benchmarks.measure.windows import time_windows, timing
from benchmarks.peers.cascade import SmileCascade
from benchmarks.peers.fer import Fer
from benchmarks.peers.mediapipe import FaceLandmarker, OwnSearch
from benchmarks.peers.scorer import Scorer
from benchmarks.peers.smilenet import DevicePath, Smilenet
from benchmarks.processes import memory_mb, own_process
from benchmarks.report.schema import Peer, Timing
from benchmarks.simulate.scenes import FOUR, QUICK, Scene
from edge.cameras.image_file import decode_grey
from edge.errors import SmileGateError
from train import Accuracy, Answer, Located, Split, accuracy, load, locate, middle_of_best

Way = Callable[[], Scorer]

LEAST_RECALL = 0.9  # a path that detects fewer faces would be fast for doing nothing

WAYS: Mapping[str, Way] = {
    "smilenet": DevicePath,
    "smilenet, whole frame searched": Smilenet,
    "OpenCV smile cascade": SmileCascade,
    "fer": Fer,
    "MediaPipe Face Landmarker": FaceLandmarker,
    "MediaPipe Face Landmarker, its own search": OwnSearch,
}


class PeerError(SmileGateError, RuntimeError):
    """A peer failed, in whatever way."""


def measure_peers(
    faces: Sequence[Located] = (),
    windows: int = 5,
    window_s: float = 1.0,
    *,
    ways: Mapping[str, Way] = WAYS,
    scenes: Sequence[Scene] = QUICK,
    frames: int = 60,
) -> Iterator[Peer]:
    """Yield this project and its peers, each when it is measured or has failed.

    Args:
        faces: of GENKI-4K's test part; without faces the accuracy is left out.
        windows: of a face's time, after a window for warm-up.
        window_s: the least length of a window, in seconds.
        ways: by their names in a report.
        scenes: to show.
        frames: of each scene.
    """
    for name, way in ways.items():
        peer = Peer(name=name, version="")
        try:
            with own_process() as process:
                peer = replace(peer, **process.submit(_time, way, windows, window_s).result())
                peer = replace(peer, **process.submit(_show, way, scenes, frames).result())
                if faces:  # last, because their pictures take memory
                    right = process.submit(_count_right, way, faces).result()
                    peer = replace(peer, accuracy=reported(name, right))
        except (SmileGateError, OSError) as error:
            peer = replace(peer, error=str(error))
        yield peer


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Raise errors as ``PeerError``, which any process knows, with their text on one line."""
    try:
        yield
    except Exception as error:
        words = " ".join(str(error).split())
        known = isinstance(error, SmileGateError)
        raise PeerError(words if known else f"{type(error).__name__}: {words}") from error


@_plain_errors()
def _time(way: Way, windows: int, window_s: float) -> dict[str, Any]:
    with closing(way()) as scorer:
        timing = time_faces(scorer, windows, window_s)
        return {"version": scorer.version, "timing": timing, "memory_mb": memory_mb("VmHWM")}


@_plain_errors()
def _show(way: Way, scenes: Sequence[Scene], frames: int) -> dict[str, dict[str, float]]:
    with closing(way()) as scorer:
        shown = {scene.name: measure_path(scene.render(frames), scorer.path()) for scene in scenes}
    recall = {name: figures.recall for name, figures in shown.items()}
    fps = {name: shown[name].fps for name, share in recall.items() if share >= LEAST_RECALL}
    return {"scene_fps": fps, "scene_recall": recall}


@_plain_errors()
def _count_right(way: Way, faces: Sequence[Located]) -> Accuracy:
    with closing(way()) as scorer:
        return accuracy(answers(scorer, faces), scorer.threshold)


def time_faces(scorer: Scorer, windows: int, window_s: float) -> Timing:
    """Time a face, cropped from a frame and scored; the faces are those of ``FOUR``, in turn."""
    frame, boxes = next(FOUR.render(1))
    turn = itertools.cycle(boxes)
    times = time_windows(
        lambda: scorer.score(frame.grey, next(turn)), windows, window_s, len(boxes)
    )
    return timing(times)


def locate_genki(data: Path, *splits: Split) -> list[Located]:
    """Detect the main faces in parts of GENKI-4K, as the device does.

    Raises:
        DataError: GENKI-4K is missing or incomplete.
    """
    return locate(picture for picture in load(data, ["genki4k"]) if picture.split in splits)


def answers(scorer: Scorer, faces: Sequence[Located]) -> list[Answer]:
    """Score each picture's main face."""

    def score(face: Located) -> float | None:
        if face.box is None:
            return None
        return scorer.score(decode_grey(face.picture.data, face.picture.name), face.box)

    return [Answer(face.picture, score(face)) for face in faces]


def choose_threshold(scorer: Scorer, faces: Sequence[Located]) -> float:
    """Return the middle of the scores that are the best thresholds."""
    given = answers(scorer, faces)
    scores = sorted({answer.score for answer in given if answer.score is not None})
    return middle_of_best({score: accuracy(given, score).percent for score in scores})
