"""Draws boxes, scores and text into a picture for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from edge.values import Picture, SmileScore

Colour = tuple[int, int, int]
"""Blue, green and red, 0 to 255."""

SMILING: Colour = (80, 200, 0)
NOT_SMILING: Colour = (0, 160, 255)
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
FONT = cv2.FONT_HERSHEY_SIMPLEX


def annotate(
    picture: Picture,
    scores: Iterable[SmileScore],
    *,
    threshold: float,
    frame_width: int | None = None,
    lines: Sequence[str] = (),
) -> Picture:
    """Return a BGR copy of a picture with a box around each face, labelled ``ID: SCORE``.

    Args:
        picture: BGR or grey.
        scores: of the faces; their boxes are in pixels of the frame, and may reach over its edges.
        threshold: a face with this score or above has a green box, any other an orange one.
        frame_width: width of the frame in pixels, where the picture is larger than the frame, as
            ``Frame.picture`` may be. None: the picture is as wide as the frame.
        lines: text for the top left corner, ASCII.
    """
    copy = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR) if picture.ndim == 2 else picture.copy()
    drawn = np.asarray(copy, np.uint8)
    width = drawn.shape[1]
    scale = width / (frame_width or width)
    thickness = max(1, round(width / 400))
    for scored in scores:
        x, y, w, h = (round(side * scale) for side in scored.face.box)
        colour = SMILING if scored.score >= threshold else NOT_SMILING
        cv2.rectangle(drawn, (x, y), (x + w - 1, y + h - 1), colour, thickness)
        write(drawn, f"{scored.face.id}: {scored.score:.2f}", x, y - 3 * thickness)
    for number, line in enumerate(lines, 1):
        write(drawn, line, 0, round(number * 1.8 * _text_height(drawn)))
    return drawn


def write(picture: Picture, text: str, x: int, y: int) -> None:
    """Write ASCII text, white on black, into a BGR picture, moved inside where it would reach over
    an edge. Its bottom left corner is at (``x``, ``y``) in pixels."""
    size = _text_height(picture) / 22  # the font's capitals are 22 pixels high
    thickness = max(1, round(1.5 * size))
    (width, height), below = cv2.getTextSize(text, FONT, size, thickness)
    x = max(0, min(x, picture.shape[1] - width - 1))
    y = max(height + 1, min(y, picture.shape[0] - below - 1))
    cv2.rectangle(picture, (x, y - height - 1), (x + width, y + below - 1), BLACK, cv2.FILLED)
    cv2.putText(picture, text, (x, y), FONT, size, WHITE, thickness, cv2.LINE_AA)


def _text_height(picture: Picture) -> int:
    width: int = picture.shape[1]
    return max(8, round(width / 50))
