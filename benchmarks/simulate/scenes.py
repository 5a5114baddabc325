"""Seeded scenes with known faces, made of the two portraits of the built-in clip."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np

from edge.cameras.demo import COLLINS, HOPPER, Portrait
from edge.values import Box, Frame, Grey

FPS = 30.0
NOISE_SIGMA = 4.0
Motion = Literal["still", "walking", "entering"]


@dataclass(frozen=True, slots=True)
class Scene:
    """What is shown.

    Attributes:
        faces: how many, in a grid.
        motion: ``still`` but for a tremble, ``walking`` to and fro across the frame, or
            ``entering`` one after the other and leaving again.
        size: frame width and height, px.
        face_px: width of a face.
        light: 1.0 is bright, 0.2 dim.
        smiles: each face smiles for half of each second: the portraits trade places.
    """

    faces: int
    motion: Motion = "still"
    size: tuple[int, int] = (640, 480)
    face_px: int = 110
    light: float = 1.0
    smiles: bool = False

    @property
    def name(self) -> str:
        more = ("" if self.light == 1.0 else ", dim") + ", smiling" * self.smiles
        return f"{self.faces} {self.motion} at {self.size[0]}x{self.size[1]}{more}"

    def render(self, count: int, seed: int = 1) -> Iterator[tuple[Frame, list[Box]]]:
        """Yield frames, 30 a second, each with the boxes of its faces."""
        rng = np.random.default_rng(seed)
        width, height = self.size
        across = self.light * np.linspace(70, 150, width)
        wall = np.tile(across.astype(np.uint8), (height, 1))
        noise = rng.standard_normal((height + 32, width + 32), np.float32)
        noise = np.round(NOISE_SIGMA * noise).astype(np.int16)
        patches = [_patch(portrait, self) for portrait in (HOPPER, COLLINS)]
        for index in range(count):
            picture = wall.copy()
            boxes = []
            traded = self.smiles and 2 * index // round(FPS)
            for number, (x, y) in enumerate(self._places(index / FPS, count / FPS)):
                box = Box(
                    round(x - self.face_px / 2), round(y - self.face_px / 2), *[self.face_px] * 2
                )
                if _paste(picture, patches[(number + traded) % 2], x, y):
                    boxes.append(box)
            top, left = rng.integers(0, 32, 2)
            grain = noise[top : top + height, left : left + width]
            grey = np.asarray(cv2.add(picture, grain, dtype=cv2.CV_8U), np.uint8)
            yield Frame(index, index / FPS, grey), boxes

    def _places(self, time: float, length_s: float) -> list[tuple[float, float]]:
        """Return the centres of the faces that are there."""
        width, height = self.size
        columns = max(1, math.ceil(math.sqrt(self.faces * width / height)))
        rows = math.ceil(self.faces / columns)
        places = []
        for number in range(self.faces):
            x = width * (number % columns + 0.5) / columns
            y = height * (number // columns + 0.5) / rows
            x += 1.5 * math.sin(9.0 * time + number)
            y += 1.5 * math.cos(8.0 * time + number)
            if self.motion == "walking":
                free = width / columns - 1.6 * self.face_px
                x += free * (0.5 - abs((0.25 * time + 0.1 * number) % 1.0 - 0.5) * 2.0)
                y += 5.0 * math.sin(2.0 * math.pi * 1.8 * time)
            if self.motion == "entering":
                comes = length_s * (number + 0.5) / (2.0 * self.faces)
                if not comes <= time < comes + length_s / 2.0:
                    continue
            places.append((x, y))
        return places


def _patch(portrait: Portrait, scene: Scene) -> Grey:
    """Return a portrait's head in the scene's size and light, 1.6 face widths wide."""
    side = round(1.6 * scene.face_px)
    zoom = scene.face_px / portrait.face_px
    to_patch = np.column_stack((zoom * np.eye(2), side / 2 - zoom * np.array(portrait.centre)))
    patch = cv2.warpAffine(portrait.read(), to_patch, (side, side), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(scene.light * patch, np.uint8)


def _paste(picture: Grey, patch: Grey, x: float, y: float) -> bool:
    """Put a patch around a centre; tell whether its face is in the picture."""
    side = patch.shape[0]
    left, top = round(x - side / 2), round(y - side / 2)
    height, width = picture.shape
    covered = picture[max(0, top) : max(0, top + side), max(0, left) : max(0, left + side)]
    rows, columns = covered.shape
    covered[:] = patch[max(0, -top) :, max(0, -left) :][:rows, :columns]
    return bool(0 <= x < width and 0 <= y < height)


WALKING = Scene(1, "walking")
ONE, FOUR = Scene(1, face_px=120), Scene(4, face_px=120)
SMILES: Sequence[Scene] = (replace(ONE, smiles=True), replace(FOUR, smiles=True))
COMING_AND_GOING = Scene(4, "entering", face_px=120)
QUICK: Sequence[Scene] = (Scene(0), WALKING, ONE, FOUR, Scene(12, "still", (1131, 679), 120))
ALL: Sequence[Scene] = (
    *QUICK,
    Scene(1, "entering"),
    Scene(1, "walking", light=0.2),
    Scene(1, "walking", (1280, 720), 160),
    Scene(4, "walking", (1280, 720), 140),
    COMING_AND_GOING,
    Scene(12, "walking", (1280, 720), 120),
)
