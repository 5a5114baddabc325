"""Detects faces with a Haar cascade of OpenCV."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from edge.errors import ConfigError, MissingPackageError
from edge.faces.detector import Detection, main_first
from edge.faces.pyramid import downscale, search_factor
from edge.settings import FaceSettings
from edge.values import Box, Grey

CASCADE = "haarcascade_frontalface_alt2.xml"
CASCADE_PX = 20  # side of the smallest face that the cascade can detect
DARK = 50  # mean grey level below which a picture is equalised
DEBIAN_CASCADES = Path("/usr/share/opencv4/haarcascades")


class Scan(NamedTuple):
    """How finely and strictly the cascade scans a picture; the first two are OpenCV's terms.

    Attributes:
        scale_factor: ratio between successive face sizes, above 1.0.
        min_neighbors: a face is where more cascade windows than this agree.
        min_confidence: faces below it are dropped.
    """

    scale_factor: float
    min_neighbors: int
    min_confidence: float = 0.0


def find_cascade(name: str = CASCADE) -> Path:
    """Return the cascade file that came with OpenCV: in pip's wheel, else in Debian's opencv-data.

    Raises:
        MissingPackageError: neither has the file.
    """
    folders = [DEBIAN_CASCADES]
    if hasattr(cv2, "data"):  # not in Debian's python3-opencv
        folders.insert(0, Path(cv2.data.haarcascades))
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    places = " or ".join(str(folder) for folder in folders)
    raise MissingPackageError(
        f"{name}: expected in {places}, got no such file; on Debian: apt install opencv-data",
        name="opencv-data",
    )


def _open_cascade(path: Path) -> tuple[cv2.CascadeClassifier, float]:
    """Return a cascade and the weight that a window must reach in its last stage."""
    expected = "expected a cascade file as OpenCV's haarcascade_*.xml"
    if not path.is_file():
        raise ConfigError(f"{expected}, got no file {path}", "faces.cascade")
    try:
        cascade = cv2.CascadeClassifier(str(path))
        file = cv2.FileStorage(str(path), cv2.FILE_STORAGE_READ)  # its nodes need it alive
        stages = file.getNode("cascade").getNode("stages")
        threshold = stages.at(stages.size() - 1).getNode("stageThreshold").real()
    except (cv2.error, SystemError) as error:  # SystemError: from constructors
        raise ConfigError(f"{expected}, got {path}", "faces.cascade") from error
    if cascade.empty():  # XML, but of another kind
        raise ConfigError(f"{expected}, got {path}", "faces.cascade")
    return cascade, threshold


def _equalise_dark(grey: Grey) -> Grey:
    """Return a dark picture with its histogram equalised, any other unchanged."""
    if float(cv2.mean(grey)[0]) >= DARK:
        return grey
    return np.asarray(cv2.equalizeHist(grey), np.uint8)


class HaarDetector:
    """Viola-Jones detector (CVPR 2001) with the cascade of Lienhart's "alt2" training, unless the
    settings name another.

    Confidence is the square root of the number of cascade windows that agree, times the largest
    margin of such a window over the last stage's threshold. On the train side of GENKI-4K, at
    equal recall, this leaves three quarters of the false faces that the number alone leaves, in
    stills and in live frames.

    Args:
        settings: the cascade's file, and face sizes and strictness in live frames; those in stills
            are fixed.

    Raises:
        ConfigError: the cascade's file is missing or no cascade.
        MissingPackageError: OpenCV came without cascade files.
    """

    # A still is scanned finely. If no face is sure, it is turned to either side for tilted heads;
    # if still none is sure, it is scanned more finely; and only the main face is returned. Chosen
    # on the train side of GENKI-4K, and on the same pictures with their faces painted over.
    STILL_SCAN = Scan(scale_factor=1.05, min_neighbors=1, min_confidence=1.5)
    STILL_SURE = 4.0  # confidence
    STILL_TILTS = (20.0, -20.0)  # degrees
    STILL_FINE_SCAN = Scan(scale_factor=1.02, min_neighbors=1, min_confidence=1.5)
    STILL_MIN_PX = 24

    MIN_CONFIDENCE = 3.0  # of a new face in live frames, unless the settings set another
    GROUP_EPS = 0.2  # windows differ less than this share of their width in a group: OpenCV's own

    # Face sizes of a search's parts, as multiples of the smallest wanted, starting a little below
    # it; small sizes take the most time.
    SIZE_BANDS = (0.88, 1.1, 1.35, 1.65, 2.05, 2.6, math.inf)
    parts = len(SIZE_BANDS) - 1
    SEARCH_FACE_PX = 25  # width that the smallest face is scaled down to for the search
    SAME_IOU = 0.3  # boxes that overlap more are confirmed once
    WINDOW_FACE_PX = 32  # width that a face is scaled to in its search window
    NEW_MARGIN = 0.35  # of a new face's search window, on each side, in widths of its box
    # Smallest and largest face in a search window, as shares of the box's width.
    NEW_SIZES = (0.75, 1.5)
    KNOWN_SIZES = (0.78, 1.28)
    KNOWN_SCAN = Scan(scale_factor=1.1, min_neighbors=2)

    def __init__(self, settings: FaceSettings) -> None:
        self._settings = settings
        confidence = settings.min_confidence
        min_confidence = self.MIN_CONFIDENCE if confidence is None else confidence
        self._new_scan = Scan(1.05, settings.min_neighbors, min_confidence)
        path = find_cascade() if settings.cascade is None else Path(settings.cascade)
        self._cascade, self._last_threshold = _open_cascade(path)

    def search(self, grey: Grey, part: int, region: Box, known: Sequence[Box]) -> list[Box]:
        """Search the frame, scaled down, for the faces of one band of sizes."""
        settings = self._settings
        shrink = search_factor(settings, grey.shape[1], self.SEARCH_FACE_PX)
        low, high = (settings.min_face_px * band for band in self.SIZE_BANDS[part : part + 2])
        reach = math.ceil(min(high, max(grey.shape)))
        left, top = max(0, region.x - reach), max(0, region.y - reach)
        area = grey[top : region.y + region.h + reach, left : region.x + region.w + reach]
        small = _equalise_dark(downscale(area, shrink))
        for x, y, w, h in known:  # painted over: the cascade takes longest on faces
            face = Box(*(round(value / shrink) for value in (x - left, y - top, w, h)))
            face.cut(small)[:] = 128
        windows = self._cascade.detectMultiScale(
            small,
            scaleFactor=settings.scale_factor,
            minNeighbors=0,  # one window is enough: it is confirmed later
            minSize=(max(CASCADE_PX, round(low / shrink)),) * 2,
            maxSize=(round(high / shrink),) * 2 if high < math.inf else (0, 0),
        )
        boxes: list[Box] = []
        for window in windows:
            x, y, w, h = (round(int(value) * shrink) for value in window)
            box = Box(left + x, top + y, w, h)
            if all(box.iou(other) < self.SAME_IOU for other in boxes):
                boxes.append(box)
        return boxes

    def confirm(self, grey: Grey, box: Box) -> Detection | None:
        face = self._detect_near(grey, box, self.NEW_MARGIN, 0.0, self._new_scan, self.NEW_SIZES)
        min_px = self.SIZE_BANDS[0] * self._settings.min_face_px
        return face if face is not None and face.box.w >= min_px else None

    def redetect(self, grey: Grey, box: Box, margin: float, angle: float) -> Detection | None:
        return self._detect_near(grey, box, margin, angle, self.KNOWN_SCAN, self.KNOWN_SIZES)

    def _detect_near(
        self, grey: Grey, box: Box, margin: float, angle: float, scan: Scan, sizes: Sequence[float]
    ) -> Detection | None:
        """Return the surest face in a search window around a box, scaled to a fixed face width."""
        margin *= box.w
        left, top = max(0, round(box.x - margin)), max(0, round(box.y - margin))
        right, bottom = round(box.x + box.w + margin), round(box.y + box.h + margin)
        area = Box(left, top, right - left, bottom - top).cut(grey)
        scale = self.WINDOW_FACE_PX / box.w
        size = (round(area.shape[1] * scale), round(area.shape[0] * scale))
        low, high = (share * self.WINDOW_FACE_PX for share in sizes)
        if min(size) < low:
            return None
        method = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
        scaled = cv2.resize(area, size, interpolation=method)
        rotation = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), -angle, 1.0)
        if angle:
            scaled = cv2.warpAffine(scaled, rotation, size, borderMode=cv2.BORDER_REPLICATE)
        upright = _equalise_dark(np.asarray(scaled, np.uint8))
        detections = self._scan(upright, scan, round(low), round(high))
        if not detections:
            return None
        best = max(detections, key=lambda detection: detection.confidence)
        x, y, w, h = (float(value) for value in best.box)
        centre = np.array([x + w / 2, y + h / 2, 1.0])
        if angle:
            centre[:2] = cv2.invertAffineTransform(rotation) @ centre
        x, y = left + centre[0] / scale, top + centre[1] / scale
        w, h = w / scale, h / scale
        in_frame = Box(round(x - w / 2), round(y - h / 2), round(w), round(h))
        return Detection(in_frame, best.confidence)

    def find_in_still(self, grey: Grey) -> list[Detection]:
        min_px = max(self.STILL_MIN_PX, round(0.1 * min(grey.shape)))
        upright = self._scan(grey, self.STILL_SCAN, min_px)
        sure = [face for face in upright if face.confidence >= self.STILL_SURE]
        if sure:
            return sure
        candidates = self._scan_tilted(grey, min_px)
        if all(face.confidence < self.STILL_SURE for face in candidates):
            candidates += upright + self._scan(grey, self.STILL_FINE_SCAN, min_px)
        return main_first(candidates)[:1]

    def _scan_tilted(self, grey: Grey, min_px: int) -> list[Detection]:
        """Scan the picture turned about its centre; return upright boxes around the faces."""
        height, width = grey.shape
        detections = []
        for angle in self.STILL_TILTS:
            turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
            turned = cv2.warpAffine(grey, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
            back = cv2.invertAffineTransform(turn)
            upright_heads = np.asarray(turned, np.uint8)
            for box, confidence in self._scan(upright_heads, self.STILL_SCAN, min_px):
                x, y = back @ (box.x + box.w / 2, box.y + box.h / 2, 1.0)
                upright = Box(round(x - box.w / 2), round(y - box.h / 2), box.w, box.h)
                if 0 <= x < width and 0 <= y < height:
                    detections.append(Detection(upright, confidence))
        return detections

    def _scan(self, grey: Grey, scan: Scan, min_px: int, max_px: int = 0) -> list[Detection]:
        """Return the faces of widths ``min_px`` to ``max_px``, 0 for any; main face first."""
        # Since OpenCV 3 these are the windows that pass every stage. OpenCV can group them too, but
        # then returns either how many agree or their weights, not both.
        boxes, _, weights = self._cascade.detectMultiScale3(
            grey,
            scaleFactor=scan.scale_factor,
            minNeighbors=0,
            minSize=(min_px, min_px),
            maxSize=(max_px, max_px),
            outputRejectLevels=True,
        )
        windows = np.reshape(boxes, (-1, 4))
        groups, counts = cv2.groupRectangles(windows.tolist(), scan.min_neighbors, self.GROUP_EPS)
        detections = []
        for group, count in zip(groups, counts, strict=True):
            distances = np.abs(windows - group).max(axis=1)
            in_group = distances <= self.GROUP_EPS * group[2]
            margins = np.ravel(weights)[in_group] - self._last_threshold
            confidence = math.sqrt(count) * float(margins.max(initial=0.0))
            if confidence >= scan.min_confidence:
                detections.append(Detection(Box(*(int(value) for value in group)), confidence))
        return main_first(detections)
