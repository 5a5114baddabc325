"""What a camera sees of faces: their scores and distance, and how sharp the picture is, to aim and
focus the camera."""

from __future__ import annotations

import math

import cv2
from msgspec import Struct

from edge.diagnose.annotate import WHITE, annotate, write
from edge.faces.haar import CASCADE_PX
from edge.faces.open import open_detector
from edge.faces.tracker import FaceTracker
from edge.model.open import open_classifier
from edge.settings import Settings
from edge.values import Box, Frame, Grey, Picture, SmileScore

FACE_M = 0.16
"""Width in metres of what a face's box frames. Assumed: on frontal faces of GENKI-4K the box is 2.6
times as wide as the distance of the eyes, which is 63 mm for the mean adult (Dodgson 2004)."""


class Sight(Struct, frozen=True):
    """What is seen in a frame.

    Attributes:
        width: of the frame, in pixels.
        height: of the frame, in pixels.
        scores: of the faces, main face first.
        sharpness: variance of the Laplacian of the main face's pixels, or without a face of the
            middle of the frame; comparable only while the camera looks at the same thing.
        best: the highest sharpness so far, of a face or of the middle.
    """

    width: int
    height: int
    scores: tuple[SmileScore, ...]
    sharpness: float
    best: float


class Viewer:
    """Finds and scores the faces of frames as the gate does, without trigger and outputs.

    Args:
        settings: face detector, model, and the thresholds of the trigger.
        field_of_view: horizontal angle that the frame shows, in degrees; None where it is not
            known: then there is no distance in metres.

    Raises:
        BundleError: the model is missing, damaged, or fails its self-test.
        ConfigError: the face detector's file is missing or not of its kind.
        EdgeTpuError: the settings insist on an Edge TPU, and none works.
        MissingPackageError: a package is not installed.
    """

    def __init__(self, settings: Settings, field_of_view: float | None = None) -> None:
        self._settings = settings
        self._field_of_view = field_of_view
        self._faces = FaceTracker(open_detector(settings.faces), settings.faces)
        self._classifier = open_classifier(settings)
        self._best = {"face": 0.0, "middle": 0.0}

    def see(self, frame: Frame) -> Sight:
        """Find and score the faces of the next frame."""
        faces = self._faces.find(frame)
        scores = tuple(self._classifier.score(frame, face) for face in faces)
        height, width = frame.grey.shape
        middle = Box(width // 4, height // 4, width // 2, height // 2)
        region = "face" if faces else "middle"
        now = sharpness((faces[0].box if faces else middle).cut(frame.grey))
        self._best[region] = max(now, self._best[region])
        return Sight(width, height, scores, now, self._best[region])

    def line(self, sight: Sight) -> str:
        """Return what is seen in one line of text."""
        sharp, *faces = self._parts(sight)
        return " | ".join([f"{sharp}, best {sight.best:.0f}", *faces])

    def draw(self, picture: Picture, sight: Sight) -> Picture:
        """Return a BGR copy of a frame's picture, BGR or grey, with boxes, scores, distances,
        sharpness, and a square as large as the smallest face that can fire."""
        smallest = self.smallest_px(sight.width)
        drawn = annotate(
            picture,
            sight.scores,
            threshold=self._settings.trigger.threshold_on,
            frame_width=sight.width,
            lines=[f"{sight.width}x{sight.height}", *self._parts(sight)],
        )
        height, width = drawn.shape[:2]
        side = round(smallest * width / sight.width)
        corner = (width - 2, height - 2)
        cv2.rectangle(drawn, (corner[0] - side, corner[1] - side), corner, WHITE)
        write(drawn, f"smallest face: {smallest} px", width, corner[1] - side - 4)
        return drawn

    def smallest_px(self, frame_width: int) -> int:
        """Return the width of the smallest face that is detected and can fire, in pixels of a
        frame of a width."""
        faces, trigger = self._settings.faces, self._settings.trigger
        smallest = max(faces.min_face_px, trigger.min_face_px)
        if faces.detector == "haar":
            smallest = max(smallest, math.ceil(CASCADE_PX * frame_width / faces.search_width))
        return smallest

    def _parts(self, sight: Sight) -> list[str]:
        region = "face" if sight.scores else "middle"
        faces = [f"{scored.face.id}: {self._face(sight, scored)}" for scored in sight.scores]
        return [f"sharpness of the {region} {sight.sharpness:.0f}", *(faces or ["no face"])]

    def _face(self, sight: Sight, scored: SmileScore) -> str:
        smiles = scored.score >= self._settings.trigger.threshold_on
        width, smallest = scored.face.box.w, self.smallest_px(sight.width)
        words = [f"{scored.score:.2f}{' smiling' if smiles else ''}", f"{width} px"]
        if self._field_of_view is not None:
            near, far = (
                distance_m(px, sight.width, self._field_of_view) for px in (width, smallest)
            )
            words += [f"{near:.1f} m", f"up to {far:.1f} m"]
        elif width >= smallest:
            words.append(f"up to {width / smallest:.1f} times as far")
        if width < smallest:
            words.append(f"too small: expected {smallest} px")
        return ", ".join(words)


def sharpness(grey: Grey) -> float:
    """Return the variance of a picture's Laplacian: 0.0 for a plain picture, larger the sharper."""
    return float(cv2.Laplacian(grey, cv2.CV_64F).var()) if grey.size else 0.0


def distance_m(face_px: float, frame_width: int, field_of_view: float) -> float:
    """Return the distance in metres of a face whose box is ``face_px`` wide, if it is ``FACE_M``
    wide and near the middle of a frame that shows a horizontal angle of ``field_of_view`` degrees
    without distortion."""
    focal_px = frame_width / 2 / math.tan(math.radians(field_of_view) / 2)
    return FACE_M * focal_px / face_px
