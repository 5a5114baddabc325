"""Find faces with OpenCV's Haar cascade and keep their ids from frame to frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import cv2
import numpy as np

from edge.errors import MissingPackageError
from edge.frames import Box, Grey
from edge.pyramid import shrunk
from edge.settings import FaceSettings

CASCADE = "haarcascade_frontalface_alt2.xml"
WINDOW = 20  # px, the smallest face that the cascade can find
DARK = 50  # mean grey below which a picture is equalised
DEBIAN_CASCADES = Path("/usr/share/opencv4/haarcascades")


class Detection(NamedTuple):
    """A box that looks like a face; ``confidence`` is the number of cascade windows that agree."""

    box: Box
    confidence: float


class Look(NamedTuple):
    """How closely one face is looked for.

    Attributes:
        margin: how far around its box, in the box's widths.
        angle: by how much the head is tilted, in degrees, anticlockwise.
        step: ratio between searched sizes.
        agree: cascade windows that must agree.
        sizes: smallest and largest, as shares of the box's width.
    """

    margin: float
    angle: float = 0.0
    step: float = 1.1
    agree: int = 2
    sizes: tuple[float, float] = (0.78, 1.28)


class Detector(Protocol):
    """Finds faces in live frames.

    Attributes:
        parts: into how many parts a search of a frame is divided.
    """

    parts: int

    def search(self, grey: Grey, part: int, changed: Box, known: Sequence[Box]) -> list[Box]:
        """Return what looks like a new face.

        Args:
            grey: the frame.
            part: of the search, 0 to ``parts`` - 1.
            changed: what does not touch this need not be searched.
            known: the boxes of known faces, not to be searched.
        """

    def confirm(self, grey: Grey, box: Box) -> Detection | None:
        """Look closely at what looked like a face; return it if it is one."""

    def refind(self, grey: Grey, box: Box, margin: float, angle: float) -> Detection | None:
        """Return a known face near its last box.

        Args:
            grey: the frame.
            box: where the face was.
            margin: how far around the box to look, in its widths.
            angle: by how much the head is tilted, in degrees, anticlockwise.
        """


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


def _lit(grey: Grey) -> Grey:
    """Return a dark picture with its contrast stretched, any other as it is."""
    if float(cv2.mean(grey)[0]) >= DARK:
        return grey
    return np.asarray(cv2.equalizeHist(grey), np.uint8)


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

    # Sizes of a search's parts, as multiples of the smallest wanted, a little below it first;
    # small ones cost the most.
    BANDS = (0.88, 1.1, 1.35, 1.65, 2.05, 2.6, math.inf)
    parts = len(BANDS) - 1
    LEAST_PX = 25  # width that the smallest face is scaled down to for the search
    SAME_IOU = 0.3  # windows that overlap more are looked at once
    LOOK_PX = 32  # width that a face is scaled to for a look at its neighbourhood

    def __init__(self, settings: FaceSettings, cascade: Path | None = None) -> None:
        self._settings = settings
        self._cascade = cv2.CascadeClassifier(str(cascade or find_cascade()))

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
        look = Look(margin=0.35, step=1.05, agree=settings.min_neighbors, sizes=(0.75, 1.5))
        found = self._near(grey, box, look)
        least = self.BANDS[0] * settings.min_face_px
        return found if found is not None and found.box.w >= least else None

    def refind(self, grey: Grey, box: Box, margin: float, angle: float) -> Detection | None:
        return self._near(grey, box, Look(margin, angle))

    def _near(self, grey: Grey, box: Box, how: Look) -> Detection | None:
        """Look for one face around a box and near its size, with the face scaled to a fixed one."""
        around = how.margin * box.w
        left, top = max(0, round(box.x - around)), max(0, round(box.y - around))
        right, bottom = round(box.x + box.w + around), round(box.y + box.h + around)
        crop = grey[top : max(0, bottom), left : max(0, right)]
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
        boxes, counts = self._cascade.detectMultiScale2(
            _lit(np.asarray(look, np.uint8)),
            scaleFactor=how.step,
            minNeighbors=how.agree,
            minSize=(round(low), round(low)),
            maxSize=(round(high), round(high)),
        )
        if not len(boxes):
            return None
        best = int(np.argmax(counts))
        x, y, w, h = (float(value) for value in boxes[best])
        centre = np.array([x + w / 2, y + h / 2, 1.0])
        if how.angle:
            centre[:2] = cv2.invertAffineTransform(turn) @ centre
        x, y = left + centre[0] / scale, top + centre[1] / scale
        w, h = w / scale, h / scale
        return Detection(
            Box(round(x - w / 2), round(y - h / 2), round(w), round(h)), float(counts[best])
        )

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
