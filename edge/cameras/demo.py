"""The built-in clip: two public-domain portraits, one of them smiling, made to move.

The portraits are those of Grace Hopper (U.S. Navy) in matplotlib's sample data and of Eileen
Collins (NASA) in scikit-image's; they stay where these packages installed them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from edge.cameras.image_file import read_grey
from edge.errors import MissingPackageError
from edge.values import Frame, Grey

WIDTH, HEIGHT, FPS = 640, 480, 30.0
DURATION_S = 4.0
# (seconds, share of the smiling portrait); linear between these points.
BLEND = ((0.0, 0.0), (1.2, 0.0), (1.5, 1.0), (3.1, 1.0), (3.4, 0.0), (DURATION_S, 0.0))
FACE_PX = 170
NOISE_SIGMA = 4.0
SWAY_PX = (6.0, 4.0)
SWAY_S = (1.7, 2.3)


@dataclass(frozen=True, slots=True)
class Portrait:
    """A picture in an installed package; the face's centre and width are in the picture's
    pixels."""

    package: str
    file: str
    centre: tuple[float, float]
    face_px: float

    @property
    def path(self) -> Path:
        spec = find_spec(self.package)
        folders = spec.submodule_search_locations if spec else None
        if not folders:
            raise MissingPackageError(
                f"demo: expected the package {self.package}, whose picture is in the clip, "
                "got none; pip install 'smile-gate[demo]'",
                name=self.package,
            )
        return Path(folders[0]) / self.file

    def read(self) -> Grey:
        return read_grey(self.path)


HOPPER = Portrait("matplotlib", "mpl-data/sample_data/grace_hopper.jpg", (264.0, 216.0), 226.0)
COLLINS = Portrait("skimage", "data/astronaut.png", (224.0, 114.0), 99.0)


class DemoCamera:
    """The clip, 640x480 at 30 frames per second, with the same pixels each time.

    Raises:
        MissingPackageError: matplotlib or scikit-image is not installed.
    """

    live = False
    fps = FPS
    frame_count = round(FPS * DURATION_S)

    def __init__(self) -> None:
        self._portraits = [(portrait, portrait.read()) for portrait in (HOPPER, COLLINS)]
        self._rng = np.random.default_rng(42)
        self._noise = self._rng.normal(0.0, NOISE_SIGMA, (HEIGHT + 64, WIDTH + 64)).astype(np.int16)
        self._index = 0

    def read(self) -> Frame | None:
        time = self._index / FPS
        if time >= DURATION_S:
            return None
        points, shares = zip(*BLEND, strict=True)
        share = float(np.interp(time, points, shares))
        plain, smiling = (self._view(*portrait, time) for portrait in self._portraits)
        picture = cv2.addWeighted(plain, 1.0 - share, smiling, share, 0.0)
        top, left = self._rng.integers(0, 64, 2)
        noise = self._noise[top : top + HEIGHT, left : left + WIDTH]
        grey = np.asarray(cv2.add(picture, noise, dtype=cv2.CV_8U), np.uint8)
        frame = Frame(self._index, time, grey)
        self._index += 1
        return frame

    @staticmethod
    def _view(portrait: Portrait, pixels: Grey, time: float) -> Grey:
        zoom = FACE_PX / portrait.face_px
        sway_x, sway_y = (
            amount * math.sin(2.0 * math.pi * time / period)
            for amount, period in zip(SWAY_PX, SWAY_S, strict=True)
        )
        right = WIDTH / 2 - zoom * portrait.centre[0] + sway_x
        down = HEIGHT / 2 - zoom * portrait.centre[1] + sway_y
        to_frame = np.array([[zoom, 0.0, right], [0.0, zoom, down]])
        size, border = (WIDTH, HEIGHT), cv2.BORDER_REPLICATE
        return np.asarray(cv2.warpAffine(pixels, to_frame, size, borderMode=border), np.uint8)

    def close(self) -> None:
        self._portraits = []
