"""Scores over time -> decisions. Pure: its only clock is the time of what it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge.config import TriggerSettings
from edge.frames import Decision, SmileScore


@dataclass(slots=True)
class _Smile:
    """One face's smile, from the score that started it to the one that ends it."""

    since: float
    seen: float
    fired: bool = False


class Trigger:
    """Two thresholds, a hold time and a cooldown.

    A face's smile starts when its score reaches ``threshold_on`` and ends when it falls below
    ``threshold_off`` or the face is unseen for more than ``bridge_s``. A smile that has lasted
    ``hold_s`` fires, once, if the last firing is ``cooldown_s`` ago.
    """

    def __init__(self, settings: TriggerSettings) -> None:
        self._settings = settings
        self._smiles: dict[int, _Smile] = {}
        self._last_fired = float("-inf")

    def step(self, time: float, scores: Sequence[SmileScore]) -> Decision:
        """Judge one frame.

        Args:
            time: the frame's time in seconds, not before that of the last call.
            scores: of all faces seen in the frame; empty when there are none.
        """
        smile_on = []
        smile_off = []
        for face_id, score in ((s.face.id, s.score) for s in scores):
            smile = self._smiles.get(face_id)
            if smile is not None and score < self._settings.threshold_off:
                del self._smiles[face_id]
                smile_off.append(face_id)
            elif smile is not None:
                smile.seen = time
            elif score >= self._settings.threshold_on:
                self._smiles[face_id] = _Smile(since=time, seen=time)
                smile_on.append(face_id)
        for face_id, smile in list(self._smiles.items()):
            if time - smile.seen > self._settings.bridge_s:
                del self._smiles[face_id]
                smile_off.append(face_id)
        face = self._ripe(time)
        if face is not None:
            self._smiles[face].fired = True
            self._last_fired = time
        return Decision(time, face is not None, face, tuple(smile_on), tuple(smile_off))

    def _ripe(self, time: float) -> int | None:
        """Return the face seen now that has smiled the longest and may fire."""
        if time - self._last_fired < self._settings.cooldown_s:
            return None
        ripe = [
            (smile.since, face_id)
            for face_id, smile in self._smiles.items()
            if not smile.fired
            and smile.seen == time
            and time - smile.since >= self._settings.hold_s
        ]
        return min(ripe)[1] if ripe else None
