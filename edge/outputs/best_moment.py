"""The best moment of a burst: the picture to keep of the frames after a firing."""

from __future__ import annotations

import cv2
from msgspec.structs import replace

from edge.outputs.output import Firing
from edge.values import Box, Decision, Frame, Grey, SmileScore

EQUAL = 0.05
"""Lowest scores that differ by less may count as equal: then the sharper mouths decide."""


class BestMoment:
    """Holds the best picture so far, and no other.

    Args:
        firing: with the picture of the frame that fired, and its scores.
        frame: the frame that fired; not kept.
        best_of_s: how long after the firing a frame may still be better, in seconds.

    Attributes:
        firing: with the best picture so far.
        latest: the time of the last frame to consider, in seconds.
    """

    def __init__(self, firing: Firing, frame: Frame, best_of_s: float) -> None:
        self.firing = firing
        self.latest = firing.time + best_of_s
        self._merit = merit(firing.scores, frame.grey)
        self._frames = 1
        self._after_s = 0.0

    def consider(self, decision: Decision, frame: Frame) -> None:
        """Keep a copy of a later frame's picture instead if it is better."""
        self._frames += 1
        its_merit = merit(decision.scores, frame.grey)
        if its_merit > self._merit:
            self._merit = its_merit
            self._after_s = decision.time - self.firing.time
            pictures = (frame.picture, *self.firing.pictures[1:])
            self.firing = replace(self.firing, pictures=pictures, scores=decision.scores)

    @property
    def chosen(self) -> Firing:
        """The firing with the best picture and, where there was a choice, the facts of it."""
        if self._frames == 1:
            return self.firing
        facts = {"best_of": self._frames, "after_s": round(self._after_s, 3)}
        return replace(self.firing, facts=facts)


def merit(scores: tuple[SmileScore, ...], grey: Grey) -> tuple[float, ...]:
    """Return how good a picture of some faces is, to be compared: the number of faces, the lowest
    score among them in steps of ``EQUAL``, the sharpness of the least sharp mouth; empty, which is
    less, for no face."""
    if not scores:
        return ()
    lowest = min(scored.score for scored in scores)
    return len(scores), round(lowest / EQUAL), min(_sharpness(s.face.box, grey) for s in scores)


def _sharpness(face: Box, grey: Grey) -> float:
    """Return the variance of the Laplacian of a face's mouth: a blurred mouth has less."""
    mouth = Box(face.x + face.w // 5, face.y + face.h * 3 // 5, face.w * 3 // 5, face.h * 2 // 5)
    part = mouth.cut(grey)
    return float(cv2.Laplacian(part, cv2.CV_64F).var()) if part.size else 0.0
