"""Finds faces with OpenCV's Haar cascade."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from edge.errors import ConfigError, MissingPackageError
from edge.faces.detector import Detection, main_first
from edge.faces.pyramid import shrunk
from edge.settings import FaceSettings
from edge.values import Box, Grey

CASCADE = "haarcascade_frontalface_alt2.xml"
WINDOW = 20  # px, the smallest face that the cascade can find
DARK = 50  # mean grey below which a picture is equalised
DEBIAN_CASCADES = Path("/usr/share/opencv4/haarcascades")


class Scan(NamedTuple):
    """How strictly a picture is scanned.

    Attributes:
        step: ratio between searched sizes.
        agree: more cascade windows than this must agree.
        confidence: least confidence.
    """

    step: float
    agree: int
    confidence: float = 0.0


class Look(NamedTuple):
    """How closely one face is looked for.

    Attributes:
        margin: how far around its box, in the box's widths.
        angle: by how much the head is tilted, in degrees, anticlockwise.
        scan: how strictly.
        sizes: smallest and largest, as shares of the box's width.
    """

    margin: float
    angle: float = 0.0
    scan: Scan = Scan(step=1.1, agree=2)
    sizes: tuple[float, float] = (0.78, 1.28)


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


def _open_cascade(path: Path) -> tuple[cv2.CascadeClassifier, float]:
    """Return a cascade and the weight that a window must reach in its last stage."""
    expected = "expected a cascade file as OpenCV's haarcascade_*.xml"
    if not path.is_file():
        raise ConfigError(f"{expected}, got no file {path}", "faces.cascade")
    try:
        cascade = cv2.CascadeClassifier(str(path))
        file = cv2.FileStorage(str(path), cv2.FILE_STORAGE_READ)  # its nodes live as long as it
        stages = file.getNode("cascade").getNode("stages")
        threshold = stages.at(stages.size() - 1).getNode("stageThreshold").real()
    except (cv2.error, SystemError) as error:  # SystemError: how OpenCV's constructors raise theirs
        raise ConfigError(f"{expected}, got {path}", "faces.cascade") from error
    if cascade.empty():  # XML, but of another kind
        raise ConfigError(f"{expected}, got {path}", "faces.cascade")
    return cascade, threshold


def _lit(grey: Grey) -> Grey:
    """Return a dark picture with its contrast stretched, any other as it is."""
    if float(cv2.mean(grey)[0]) >= DARK:
        return grey
    return np.asarray(cv2.equalizeHist(grey), np.uint8)


class HaarDetector:
    """Viola-Jones detector (CVPR 2001) with the cascade of Lienhart's "alt2" training, unless the
    settings name another.

    Confidence is the square root of the number of windows that agree, times the most by which one
    of them is above the last stage's threshold. On the train side of GENKI-4K, at equal recall,
    this leaves three quarters of the false faces that the number alone does, in stills and in
    live frames.

    Args:
        settings: the cascade's file, and sizes and strictness of the scan of live frames; stills
            have a fixed one.

    Raises:
        ConfigError: the cascade's file is missing or no cascade.
        MissingPackageError: OpenCV came without cascade files.
    """

    # A still is searched finely; if nothing sure is found, turned to either side for tilted heads;
    # and if again nothing is, finer. Of what these find only the main face is believed. Chosen on
    # the train side of GENKI-4K, and on the same pictures with their faces painted over.
    STILL_SCAN = Scan(step=1.05, agree=1, confidence=1.5)
    STILL_SURE = 4.0  # confidence
    STILL_TILTS = (20.0, -20.0)
    STILL_RESCUE = Scan(step=1.02, agree=1, confidence=1.5)
    STILL_MIN_PX = 24

    MIN_CONFIDENCE = 3.0  # of a new face in live frames, unless the settings say
    ALIKE = 0.2  # windows that differ by at most this share of their width agree: OpenCV's own

    # Sizes of a search's parts, as multiples of the smallest wanted, a little below it first;
    # small ones cost the most.
    BANDS = (0.88, 1.1, 1.35, 1.65, 2.05, 2.6, math.inf)
    parts = len(BANDS) - 1
    LEAST_PX = 25  # width that the smallest face is scaled down to for the search
    SAME_IOU = 0.3  # windows that overlap more are looked at once
    LOOK_PX = 32  # width that a face is scaled to for a look at its neighbourhood

    def __init__(self, settings: FaceSettings) -> None:
        self._settings = settings
        self._cascade, self._last_threshold = _open_cascade(
            find_cascade() if settings.cascade is None else Path(settings.cascade)
        )

    def search(self, grey: Grey, part: int, changed: Box, known: Sequence[Box]) -> list[Box]:
        """Search for the faces of one band of sizes in the frame scaled down."""
        settings = self._settings
        shrink = max(
            1.0,
            settings.min_face_px / self.LEAST_PX,
            grey.shape[1] / settings.search_width,
        )
        low, high = (settings.min_face_px * band for band in self.BANDS[part : part + 2])
        reach = math.ceil(min(high, max(grey.shape)))
        left, top = max(0, changed.x - reach), max(0, changed.y - reach)
        area = grey[top : changed.y + changed.h + reach, left : changed.x + changed.w + reach]
        small = _lit(shrunk(area, shrink))
        for x, y, w, h in known:  # a face is what the cascade takes longest to look at
            face = Box(*(round(value / shrink) for value in (x - left, y - top, w, h)))
            face.cut(small)[:] = 128
        windows = self._cascade.detectMultiScale(
            small,
            scaleFactor=settings.scale_factor,
            minNeighbors=0,  # one window is enough: it is looked at closely
            minSize=(max(WINDOW, round(low / shrink)),) * 2,
            maxSize=(round(high / shrink),) * 2 if high < math.inf else (0, 0),
        )
        found: list[Box] = []
        for window in windows:
            x, y, w, h = (round(int(value) * shrink) for value in window)
            box = Box(left + x, top + y, w, h)
            if all(box.iou(one) < self.SAME_IOU for one in found):
                found.append(box)
        return found

    def confirm(self, grey: Grey, box: Box) -> Detection | None:
        settings = self._settings
        confidence = settings.min_confidence
        scan = Scan(
            step=1.05,
            agree=settings.min_neighbors,
            confidence=self.MIN_CONFIDENCE if confidence is None else confidence,
        )
        found = self._near(grey, box, Look(margin=0.35, scan=scan, sizes=(0.75, 1.5)))
        least = self.BANDS[0] * settings.min_face_px
        return found if found is not None and found.box.w >= least else None

    def refind(self, grey: Grey, box: Box, margin: float, angle: float) -> Detection | None:
        return self._near(grey, box, Look(margin, angle))

    def _near(self, grey: Grey, box: Box, how: Look) -> Detection | None:
        """Look for one face around a box and near its size, with the face scaled to a fixed one."""
        around = how.margin * box.w
        left, top = max(0, round(box.x - around)), max(0, round(box.y - around))
        right, bottom = round(box.x + box.w + around), round(box.y + box.h + around)
        crop = Box(left, top, right - left, bottom - top).cut(grey)
        scale = self.LOOK_PX / box.w
        size = (round(crop.shape[1] * scale), round(crop.shape[0] * scale))
        if min(size) < how.sizes[0] * self.LOOK_PX:
            return None
        look = cv2.resize(
            crop, size, interpolation=cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
        )
        turn = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), -how.angle, 1.0)
        if how.angle:
            look = cv2.warpAffine(look, turn, size, borderMode=cv2.BORDER_REPLICATE)
        low, high = (share * self.LOOK_PX for share in how.sizes)
        found = self._scan(_lit(np.asarray(look, np.uint8)), how.scan, round(low), round(high))
        if not found:
            return None
        best = max(found, key=lambda one: one.confidence)
        x, y, w, h = (float(value) for value in best.box)
        centre = np.array([x + w / 2, y + h / 2, 1.0])
        if how.angle:
            centre[:2] = cv2.invertAffineTransform(turn) @ centre
        x, y = left + centre[0] / scale, top + centre[1] / scale
        w, h = w / scale, h / scale
        around_centre = Box(round(x - w / 2), round(y - h / 2), round(w), round(h))
        return Detection(around_centre, best.confidence)

    def find_in_still(self, grey: Grey) -> list[Detection]:
        min_px = max(self.STILL_MIN_PX, round(0.1 * min(grey.shape)))
        upright = self._scan(grey, self.STILL_SCAN, min_px)
        sure = [one for one in upright if one.confidence >= self.STILL_SURE]
        if sure:
            return sure
        found = self._scan_tilted(grey, min_px)
        if all(one.confidence < self.STILL_SURE for one in found):
            found += upright + self._scan(grey, self.STILL_RESCUE, min_px)
        return main_first(found)[:1]

    def _scan_tilted(self, grey: Grey, min_px: int) -> list[Detection]:
        """Scan the picture turned about its centre; return upright boxes around the faces."""
        height, width = grey.shape
        found = []
        for angle in self.STILL_TILTS:
            turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
            turned = cv2.warpAffine(grey, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
            back = cv2.invertAffineTransform(turn)
            upright_heads = np.asarray(turned, np.uint8)
            for box, confidence in self._scan(upright_heads, self.STILL_SCAN, min_px):
                x, y = back @ (box.x + box.w / 2, box.y + box.h / 2, 1.0)
                upright = Box(round(x - box.w / 2), round(y - box.h / 2), box.w, box.h)
                if 0 <= x < width and 0 <= y < height:
                    found.append(Detection(upright, confidence))
        return found

    def _scan(self, grey: Grey, how: Scan, min_px: int, max_px: int = 0) -> list[Detection]:
        """Return the faces of sizes from ``min_px`` to ``max_px``, 0 for any; main face first."""
        # Since OpenCV 3 these are the windows that pass every stage. It would group them too, but
        # then tells either how many agree or how surely.
        boxes, _, weights = self._cascade.detectMultiScale3(
            grey,
            scaleFactor=how.step,
            minNeighbors=0,
            minSize=(min_px, min_px),
            maxSize=(max_px, max_px),
            outputRejectLevels=True,
        )
        windows = np.reshape(boxes, (-1, 4))
        groups, counts = cv2.groupRectangles(windows.tolist(), how.agree, self.ALIKE)
        found = []
        for group, count in zip(groups, counts, strict=True):
            apart = np.abs(windows - group).max(axis=1)
            margins = np.ravel(weights)[apart <= self.ALIKE * group[2]] - self._last_threshold
            confidence = math.sqrt(count) * float(margins.max(initial=0.0))
            if confidence >= how.confidence:
                found.append(Detection(Box(*(int(value) for value in group)), confidence))
        return main_first(found)
