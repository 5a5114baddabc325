"""Other ways to tell smiles, on the same faces and scenes, each in a process of its own.

All are given the same pictures and face boxes, work on one thread, and take from around a box what
they want. Their thresholds are chosen on GENKI-4K's train and validation parts, by
``python -m benchmarks.peers --thresholds``; ours is the bundle's.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import ParamSpec, TypeVar

from msgspec.structs import replace

from benchmarks.measure.accuracy import reported
from benchmarks.measure.footprint import memory_mb
from benchmarks.measure.paths import measure
from benchmarks.measure.process import own_process
from benchmarks.measure.windows import time_windows, timing
from benchmarks.peers.cascade import SmileCascade
from benchmarks.peers.fer import Fer
from benchmarks.peers.mediapipe import FaceLandmarker, OwnSearch
from benchmarks.peers.scorer import Scorer
from benchmarks.peers.smilenet import DevicePath, Smilenet
from benchmarks.report.schema import Peer, Timing
from benchmarks.simulate.scenes import FOUR, QUICK, Scene
from edge.cameras.image_file import decode_grey
from edge.errors import SmileGateError
from train import Accuracy, Answer, Located, Split, accuracy, load, locate, middle_of_best

P = ParamSpec("P")
T = TypeVar("T")

SEEN = 0.9  # share of a scene's faces; who sees fewer would be fast for doing nothing

WAYS: dict[str, Callable[[], Scorer]] = {
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
    scenes: Sequence[Scene] = QUICK,
    frames: int = 60,
    tell: Callable[[Peer], None] = lambda _: None,
) -> tuple[Peer, ...]:
    """Measure this project and its peers.

    Args:
        faces: of GENKI-4K's test part; none leave the accuracy out.
        windows: of a face's time, after one for warm-up.
        window_s: how long one is, at least.
        scenes: to show.
        frames: of each.
        tell: is given each as soon as it is measured, or has failed.
    """
    found = []
    for name, way in WAYS.items():
        peer = Peer(name=name, version="")
        try:
            with own_process() as process:
                peer = process.submit(_whole, _time, name, way, windows, window_s).result()
                shown = process.submit(_whole, _show, way, scenes, frames).result()
                peer = replace(peer, **shown)
                if faces:  # later, for their pictures take memory
                    right = process.submit(_whole, _judge, way, faces).result()
                    peer = replace(peer, accuracy=reported(name, right))
        except (SmileGateError, OSError) as error:
            peer = replace(peer, error=str(error))
        found.append(peer)
        tell(peer)
    return tuple(found)


def _whole(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function whose errors come through to another process, which may not know them.

    Raises:
        PeerError: with the error's words, on one line.
    """
    try:
        return function(*args, **kwargs)
    except Exception as error:
        words = " ".join(str(error).split())
        known = isinstance(error, SmileGateError)
        raise PeerError(words if known else f"{type(error).__name__}: {words}") from error


def _time(name: str, way: Callable[[], Scorer], windows: int, window_s: float) -> Peer:
    with closing(way()) as scorer:
        timing = time_faces(scorer, windows, window_s)
        return Peer(name=name, version=scorer.version, timing=timing, memory_mb=memory_mb("VmHWM"))


def _show(
    way: Callable[[], Scorer], scenes: Sequence[Scene], frames: int
) -> dict[str, dict[str, float]]:
    """Return what a report has of scenes, by the names of its fields."""
    with closing(way()) as scorer:
        shown = {scene.name: measure(scene.render(frames), scorer.path()) for scene in scenes}
    return {
        "scene_fps": {name: found.fps for name, found in shown.items() if found.recall >= SEEN},
        "scene_recall": {name: found.recall for name, found in shown.items()},
    }


def _judge(way: Callable[[], Scorer], faces: Sequence[Located]) -> Accuracy:
    with closing(way()) as scorer:
        return accuracy(answers(scorer, faces), scorer.threshold)


def time_faces(scorer: Scorer, windows: int, window_s: float) -> Timing:
    """Time one face, cut out of a frame and scored: those of the scene of four in turn."""
    frame, boxes = next(FOUR.render(1))
    turn = itertools.cycle(boxes)
    times = time_windows(
        lambda: scorer.score(frame.grey, next(turn)), windows, window_s, len(boxes)
    )
    return timing(times)


def locate_genki(data: Path, *splits: Split) -> list[Located]:
    """Find the main faces in parts of GENKI-4K, as the device finds them.

    Raises:
        DataError: it is missing or incomplete.
    """
    return locate(picture for picture in load(data, ["genki4k"]) if picture.split in splits)


def answers(scorer: Scorer, faces: Sequence[Located]) -> list[Answer]:
    """Score each picture's main face."""
    return [
        Answer(
            face.picture,
            None
            if face.box is None
            else scorer.score(decode_grey(face.picture.data, face.picture.name), face.box),
        )
        for face in faces
    ]


def choose_threshold(scorer: Scorer, faces: Sequence[Located]) -> float:
    """Return the middle of the scores that would be as good a threshold as any."""
    given = answers(scorer, faces)
    scores = sorted({answer.score for answer in given if answer.score is not None})
    return middle_of_best({score: accuracy(given, score).percent for score in scores})
