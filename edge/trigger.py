"""Scores over time -> decisions. Pure: the frames' times are its only clock."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from edge.settings import TriggerSettings
from edge.values import Box, Decision, SmileScore


@dataclass(slots=True)  # its fields are read faster than a Struct's
class _Track:
    """One face, from its first score until it is unseen for too long."""

    seen: float  # when it was last seen
    box: Box
    score: float
    level: float  # the smoothed score
    since: float | None = None  # when the smile under way started
    consumed: bool = False  # there was a firing during the smile under way
    neutral_since: float | None = None
    neutral: bool = False  # did not smile for long enough since the last consumed smile

    def change(self, box: Box) -> float:
        """Return how far the face moved, grew or shrank, in widths of its last box."""
        x, y, w, h = self.box
        across = abs(box.x - x + (box.w - w) / 2)
        down = abs(box.y - y + (box.h - h) / 2)
        return max(across, down, abs(box.w - w)) / w


def low_pass(level: float, first: float, last: float, passed: float) -> float:
    """Return the output of a low-pass filter of first order for an input on a straight line.

    The output at a time depends on the curve of scores, not on the frame rate.

    Args:
        level: the filter's output at the start.
        first: the input at the start.
        last: the input at the end.
        passed: the time from start to end, in time constants; above 0, infinite for no filter.
    """
    kept = math.exp(-passed)
    mean = (1.0 - kept) / passed
    return level * kept + last * (1.0 - mean) + first * (mean - kept)


class Trigger:
    """A latch with two thresholds for each face; what it takes to fire; a cooldown; a rate limit.

    A face's scores are smoothed. Its smile starts when the smoothed score reaches
    ``threshold_on`` and ends when it falls below ``threshold_off``. The start is searched for
    between the frames, so that a hold is as long at 8 frames per second as at 60. A face unseen
    for up to ``bridge_s`` goes on as it was; unseen for longer, or seen where it can't have gone,
    it starts anew, its smile over.

    A smile that has lasted ``hold_s`` fires, with ``neutral_first`` only if its face was seen not
    smiling for ``neutral_s`` on the same track before. A firing consumes all smiles under way:
    each must end before its face counts again. Firings are at least ``cooldown_s`` apart; after
    ``max_per_minute`` firings in 60 s the next is refused, and all others for 60 s.
    """

    MINUTE = 60.0
    BLIND_S = 2.0
    """After a longer time without a frame all faces start anew: nobody knows what happened."""
    SLOWEST_S = 0.2
    """A smile is taken to have started no earlier than this before the frame that shows it."""
    HALVINGS = 12
    """How often the time between two frames is halved in search of a smile's start."""

    def __init__(self, settings: TriggerSettings) -> None:
        self._settings = settings
        self._tracks: dict[int, _Track] = {}
        self._fired: deque[float] = deque([-math.inf], maxlen=settings.max_per_minute)
        self._refused_until = -math.inf
        self._last_time = -math.inf

    def step(self, time: float, scores: Sequence[SmileScore], *, armed: bool = True) -> Decision:
        """Process one frame.

        Args:
            time: the frame's time in seconds, not before the time of the last call.
            scores: of all faces seen in the frame; empty when there are none.
            armed: False to fire for no smile and to consume none.

        Returns:
            The decision on this frame.
        """
        smile_on: list[int] = []
        smile_off: list[int] = []
        least = self._settings.min_face_px
        seen = [scored for scored in scores if scored.face.box.w >= least]
        for scored in seen:
            self._process_face(time, scored, smile_on, smile_off)
        if len(self._tracks) > len(seen):
            self._drop_unseen(time, smile_off)
        self._last_time = time
        face = self._eligible_face(time) if armed and self._may_fire(time) else None
        if face is not None and self._is_minute_full(time):
            self._refused_until = time + self.MINUTE
            face = None
        smiling = False
        score = 0.0
        for track in self._tracks.values():
            if face is not None and track.since is not None:
                track.consumed = True
                track.neutral = False
            smiling = smiling or track.consumed
            score = max(score, track.level)
        if face is not None:
            self._fired.append(time)
        return Decision(
            time,
            face is not None,
            face,
            tuple(smile_on),
            tuple(smile_off),
            smiling,
            score,
            time < self._refused_until,
            tuple(seen),
        )

    def forget(self, time: float) -> Decision:
        """Drop all faces; their smiles are over."""
        smile_off = [face for face, track in self._tracks.items() if track.since is not None]
        self._tracks.clear()
        return Decision(time, smile_off=tuple(smile_off))

    def _process_face(
        self, time: float, scored: SmileScore, smile_on: list[int], smile_off: list[int]
    ) -> None:
        """Process one face's score; append its id to smile_on or smile_off if its smile does so."""
        settings = self._settings
        face_id, box = scored.face.id, scored.face.box
        track = self._tracks.get(face_id)
        if track is not None and (
            time - track.seen > self.BLIND_S
            or self._last_time > track.seen < time - settings.bridge_s
            or track.change(box) > settings.jump_widths
        ):
            if track.since is not None:
                smile_off.append(face_id)
            track = None
        score = scored.score
        before = score
        if track is None:
            track = self._tracks[face_id] = _Track(time, box, score, level=score)
        elif time > track.seen:
            before = track.level
            track.level = low_pass(
                before, track.score, score, self._time_constants(time - track.seen)
            )
        level = track.level
        if level >= settings.threshold_on:
            if track.since is None:
                start = self._crossing_time(time, track, before, score, settings.threshold_on)
                track.since = max(start, self._last_time, time - self.SLOWEST_S)
                smile_on.append(face_id)
        elif level < settings.threshold_off and track.since is not None:
            track.since = None
            track.consumed = False
            smile_off.append(face_id)
        if settings.neutral_first:
            self._update_neutral(time, track, before, score)
        track.seen = time
        track.score = score
        track.box = box

    def _time_constants(self, seconds: float) -> float:
        constant = self._settings.smoothing_s
        return seconds / constant if constant else math.inf

    def _crossing_time(
        self, time: float, track: _Track, before: float, score: float, threshold: float
    ) -> float:
        """Return when the level crossed a threshold since the face was last seen, or now."""
        if (before < threshold) == (track.level < threshold):
            return time
        passed = self._time_constants(time - track.seen)
        earliest, latest = 0.0, 1.0  # shares of the time between
        for _ in range(self.HALVINGS):
            share = (earliest + latest) / 2.0
            reached = track.score + share * (score - track.score)
            level = low_pass(before, track.score, reached, share * passed)
            if (level < threshold) == (before < threshold):
                earliest = share
            else:
                latest = share
        return track.seen + latest * (time - track.seen)

    def _update_neutral(self, time: float, track: _Track, before: float, score: float) -> None:
        """Note since when a face does not smile, and at its end whether that was long enough."""
        off, neutral_s = self._settings.threshold_off, self._settings.neutral_s
        if track.level < off:
            if track.neutral_since is None:
                start = self._crossing_time(time, track, before, score, off)
                track.neutral_since = max(start, self._last_time, time - self.SLOWEST_S)
        elif track.neutral_since is not None:
            ended = self._crossing_time(time, track, before, score, off)
            track.neutral = track.neutral or ended - track.neutral_since >= neutral_s
            track.neutral_since = None

    def _drop_unseen(self, time: float, smile_off: list[int]) -> None:
        """Drop the tracks of faces unseen for too long."""
        bridge_s = self._settings.bridge_s
        gone = [face for face, track in self._tracks.items() if time - track.seen > bridge_s]
        smile_off += [face for face in gone if self._tracks.pop(face).since is not None]

    def _may_fire(self, time: float) -> bool:
        return time - self._fired[-1] >= self._settings.cooldown_s and time >= self._refused_until

    def _is_minute_full(self, time: float) -> bool:
        return len(self._fired) == self._fired.maxlen and time - self._fired[0] < self.MINUTE

    def _eligible_face(self, time: float) -> int | None:
        """Return the face to fire for: of the eligible faces, the one that smiled first."""
        eligible = [
            (track.since, face)
            for face, track in self._tracks.items()
            if track.since is not None
            and not track.consumed
            and track.seen == time
            and self._qualifies(time, track)
        ]
        if not eligible:
            return None
        who = self._settings.who
        if who == "all" and not all(
            self._qualifies(time, track) for track in self._tracks.values()
        ):
            return None
        if who == "count" and len(eligible) < self._settings.count:
            return None
        if who == "largest":
            seen = {face: track for face, track in self._tracks.items() if track.seen == time}
            largest = max(seen, key=lambda face: seen[face].box.area)
            eligible = [(since, face) for since, face in eligible if face == largest]
        return min(eligible)[1] if eligible else None

    def _qualifies(self, time: float, track: _Track) -> bool:
        """Tell whether a face's smile has lasted, after a neutral face where that is asked for."""
        return (
            track.since is not None
            and time - track.since >= self._settings.hold_s
            and (track.neutral or track.consumed or not self._settings.neutral_first)
        )
