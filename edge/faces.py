"""Find faces with OpenCV's Haar cascade and keep their ids from frame to frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import cv2
import numpy as np

from edge.errors import MissingPackageError
from edge.frames import Box, Face, Frame, Grey
from edge.settings import FaceSettings

CASCADE = "haarcascade_frontalface_alt2.xml"
DEBIAN_CASCADES = Path("/usr/share/opencv4/haarcascades")


class Detection(NamedTuple):
    """A box that looks like a face; ``confidence`` is the number of cascade windows that agree."""

    box: Box
    confidence: float


class Detector(Protocol):
    """Finds faces in live frames."""

    def find(self, grey: Grey) -> list[Detection]:
        """Return the faces in a picture, main face first."""


def find_cascade(name: str = CASCADE) -> Path:
    """Return the cascade file that came with OpenCV: pip's wheel, else Debian's opencv-data.

    Raises:
        MissingPackageError: neither has it.
    """
    folders = [DEBIAN_CASCADES]
    if hasattr(cv2, "data"):  # Debian's python3-opencv has none
        folders.insert(0, Path(cv2.data.haarcascades))
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    places = " or ".join(str(folder) for folder in folders)
    raise MissingPackageError(
        f"{name}: expected in {places}, got no such file; on Debian: apt install opencv-data",
        name="opencv-data",
    )


class HaarDetector:
    """Viola-Jones detector (CVPR 2001) with the cascade of Lienhart's "alt2" training.

    Args:
        settings: sizes and strictness of the scan of live frames; stills have a fixed one.
        cascade: cascade file; None finds the one that came with OpenCV.

    Raises:
        MissingPackageError: OpenCV came without cascade files.
    """

    # A still is searched finely; if that finds nothing, turned to either side for tilted heads; and
    # at last finer and less strictly. Of what the later two find only the surest box is believed.
    # Chosen on the train side of GENKI-4K.
    STILL_SCAN = (1.05, 3)
    STILL_TILTS = (20.0, -20.0)
    STILL_RESCUE = (1.02, 1)
    STILL_MIN_PX = 24

    def __init__(self, settings: FaceSettings, cascade: Path | None = None) -> None:
        self._settings = settings
        self._cascade = cv2.CascadeClassifier(str(cascade or find_cascade()))

    def find(self, grey: Grey) -> list[Detection]:
        """Find the faces in a live frame, main face first."""
        settings = self._settings
        shrink = max(1.0, grey.shape[1] / settings.search_width)
        if shrink > 1.0:
            size = (round(grey.shape[1] / shrink), max(1, round(grey.shape[0] / shrink)))
            grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
        min_px = round(settings.min_face_px / shrink)
        found = self._scan(grey, settings.scale_factor, settings.min_neighbors, min_px)
        return [
            Detection(Box(*(round(value * shrink) for value in box)), confidence)
            for box, confidence in found
        ]

    def find_in_still(self, grey: Grey) -> list[Detection]:
        """Find the faces in a single picture, with more effort than a live frame gets; main face
        first."""
        min_px = max(self.STILL_MIN_PX, round(0.1 * min(grey.shape)))
        return (
            self._scan(grey, *self.STILL_SCAN, min_px)
            or self._scan_tilted(grey, min_px)[:1]
            or self._scan(grey, *self.STILL_RESCUE, min_px)[:1]
        )

    def _scan_tilted(self, grey: Grey, min_px: int) -> list[Detection]:
        """Scan the picture turned about its centre; return upright boxes around the faces."""
        height, width = grey.shape
        found = []
        for angle in self.STILL_TILTS:
            turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
            turned = cv2.warpAffine(grey, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
            back = cv2.invertAffineTransform(turn)
            for box, confidence in self._scan(
                np.asarray(turned, np.uint8), *self.STILL_SCAN, min_px
            ):
                x, y = back @ (box.x + box.w / 2, box.y + box.h / 2, 1.0)
                upright = Box(round(x - box.w / 2), round(y - box.h / 2), box.w, box.h)
                if 0 <= x < width and 0 <= y < height:
                    found.append(Detection(upright, confidence))
        return sorted(found, key=lambda d: d.confidence * d.box.w, reverse=True)

    def _scan(
        self, grey: Grey, scale_factor: float, min_neighbors: int, min_px: int
    ) -> list[Detection]:
        boxes, neighbors = self._cascade.detectMultiScale2(
            grey, scaleFactor=scale_factor, minNeighbors=min_neighbors, minSize=(min_px, min_px)
        )
        found = [
            Detection(Box(*(int(value) for value in box)), float(count))
            for box, count in zip(boxes, neighbors, strict=True)
        ]
        return sorted(found, key=lambda d: d.confidence * d.box.w, reverse=True)


@dataclass(slots=True)
class _Track:
    face: Face
    seen: float


class FaceTracker:
    """Gives the same id to the same face in successive frames, by overlap of its boxes.

    Args:
        detector: finds the boxes.
        lost_s: an id is given up when its face was not seen for more than this, in seconds.
    """

    # A face crosses a third of its own width between two frames only when it runs past a camera.
    MIN_IOU = 0.3

    def __init__(self, detector: Detector, lost_s: float) -> None:
        self._detector = detector
        self._lost_s = lost_s
        self._tracks: list[_Track] = []
        self._next_id = 1
        self._last_time = 0.0

    @property
    def known(self) -> Sequence[int]:
        """Ids not given up, seen in the last frame or not, oldest first."""
        return [track.face.id for track in self._tracks]

    def find(self, frame: Frame) -> tuple[Face, ...]:
        """Return the faces seen in this frame, main face first."""
        # Seen in the last frame is not lost, however long ago that was.
        since = min(self._last_time, frame.time - self._lost_s)
        self._last_time = frame.time
        self._tracks = [track for track in self._tracks if track.seen >= since]
        free = list(self._tracks)
        faces = []
        for box, confidence in self._detector.find(frame.grey):
            match = max(free, key=lambda t: t.face.box.iou(box), default=None)
            if match is not None and match.face.box.iou(box) >= self.MIN_IOU:
                free.remove(match)
                match.face = Face(match.face.id, box, confidence)
                match.seen = frame.time
            else:
                match = _Track(Face(self._next_id, box, confidence), frame.time)
                self._next_id += 1
                self._tracks.append(match)
            faces.append(match.face)
        return tuple(faces)
