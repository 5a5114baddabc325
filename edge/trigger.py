"""Scores over time -> decisions. Pure: its only clock is the time of what it is given."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from edge.settings import TriggerSettings
from edge.values import Box, Decision, SmileScore


class _Track:
    """One face, from its first score to the one after which it was unseen for too long."""

    __slots__ = ("box", "level", "neutral", "neutral_since", "score", "seen", "since", "used")

    def __init__(self, time: float, score: float, box: Box) -> None:
        self.seen = time
        self.box = box
        self.score = score
        self.level = score  # the smoothed score
        self.since: float | None = None  # when the smile under way started
        self.used = False  # the smile under way has fired
        self.neutral_since: float | None = None
        self.neutral = False  # was seen not smiling for long enough since it last fired

    def moved(self, box: Box) -> float:
        """Return by how many of its widths the face moved, grew or shrank."""
        x, y, w, h = self.box
        across = abs(box.x - x + (box.w - w) / 2)
        down = abs(box.y - y + (box.h - h) / 2)
        return max(across, down, abs(box.w - w)) / w


def low_pass(level: float, first: float, last: float, passed: float) -> float:
    """Return the output of a low-pass filter of first order for an input on a straight line.

    So the level is that of the same curve of scores, whatever the frame rate.

    Args:
        level: the output before.
        first: the input then.
        last: the input now.
        passed: the time between, in time constants; above 0, infinite for no filter.
    """
    kept = math.exp(-passed)
    mean = (1.0 - kept) / passed
    return level * kept + last * (1.0 - mean) + first * (mean - kept)


class Trigger:
    """A latch with two thresholds for each face; what it takes to fire; a cooldown; a rate limit.

    A face's scores are smoothed. Its smile starts when the smoothed score reaches
    ``threshold_on`` and ends when it falls below ``threshold_off``. The start is searched for
    between the frames, so that a hold is as long at 8 frames per second as at 60. A face unseen
    for up to ``bridge_s`` goes on as it was; unseen for longer, or found where it can't have gone,
    it starts anew, its smile over.

    A smile that has lasted ``hold_s`` fires, with ``neutral_first`` only if its face was seen not
    smiling for ``neutral_s`` on the same track before. All smiles under way at a firing are used
    up by it: each must end before its face counts again. Firings are at least ``cooldown_s``
    apart; one more than ``max_per_minute`` in 60 s is refused, and all others for 60 s.
    """

    MINUTE = 60.0
    BLIND_S = 2.0
    """Frames further apart than this do not tell what was between them: all faces start anew."""
    SLOWEST_S = 0.2
    """A smile that is seen to have started is taken to be no older than this."""
    HALVINGS = 12
    """How finely the start of a smile is searched for between two frames."""

    def __init__(self, settings: TriggerSettings) -> None:
        self._settings = settings
        self._tracks: dict[int, _Track] = {}
        self._fired: deque[float] = deque([-math.inf], maxlen=settings.max_per_minute)
        self._refused_until = -math.inf
        self._last_time = -math.inf

    def step(self, time: float, scores: Sequence[SmileScore]) -> Decision:
        """Judge one frame.

        Args:
            time: the frame's time in seconds, not before that of the last call.
            scores: of all faces seen in the frame; empty when there are none.
        """
        smile_on: list[int] = []
        smile_off: list[int] = []
        least = self._settings.min_face_px
        seen = [scored for scored in scores if scored.face.box.w >= least]
        for scored in seen:
            self._see(time, scored, smile_on, smile_off)
        if len(self._tracks) > len(seen):
            self._forget(time, smile_off)
        self._last_time = time
        face = self._ripe(time) if self._may_fire(time) else None
        if face is not None and self._too_many(time):
            self._refused_until = time + self.MINUTE
            face = None
        smiling = False
        score = 0.0
        for track in self._tracks.values():
            if face is not None and track.since is not None:
                track.used = True
                track.neutral = False
            smiling = smiling or track.used
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
        )

    def forget(self, time: float) -> Decision:
        """Take all faces for gone, and their smiles for over."""
        smile_off = [face for face, track in self._tracks.items() if track.since is not None]
        self._tracks.clear()
        return Decision(time, smile_off=tuple(smile_off))

    def _see(
        self, time: float, scored: SmileScore, smile_on: list[int], smile_off: list[int]
    ) -> None:
        """Take one face's score in; note whether its smile starts or ends."""
        settings = self._settings
        face_id, box = scored.face.id, scored.face.box
        track = self._tracks.get(face_id)
        if track is not None and (
            time - track.seen > self.BLIND_S
            or self._last_time > track.seen < time - settings.bridge_s
            or track.moved(box) > settings.jump_widths
        ):
            if track.since is not None:
                smile_off.append(face_id)
            track = None
        score = scored.score
        before = score
        if track is None:
            track = self._tracks[face_id] = _Track(time, score, box)
        elif time > track.seen:
            before = track.level
            track.level = low_pass(
                before, track.score, score, self._in_constants(time - track.seen)
            )
        level = track.level
        if level >= settings.threshold_on:
            if track.since is None:
                start = self._crossed(time, track, before, score, settings.threshold_on)
                track.since = max(start, self._last_time, time - self.SLOWEST_S)
                smile_on.append(face_id)
        elif level < settings.threshold_off and track.since is not None:
            track.since = None
            track.used = False
            smile_off.append(face_id)
        if settings.neutral_first:
            self._watch_neutral(time, track, before, score)
        track.seen = time
        track.score = score
        track.box = box

    def _in_constants(self, seconds: float) -> float:
        constant = self._settings.smoothing_s
        return seconds / constant if constant else math.inf

    def _crossed(
        self, time: float, track: _Track, before: float, score: float, threshold: float
    ) -> float:
        """Return when the level crossed a threshold, between the last sighting and this."""
        if (before < threshold) == (track.level < threshold):
            return time
        passed = self._in_constants(time - track.seen)
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

    def _watch_neutral(self, time: float, track: _Track, before: float, score: float) -> None:
        """Note since when, and whether for long enough, a face does not smile."""
        off, neutral_s = self._settings.threshold_off, self._settings.neutral_s
        if track.level < off:
            if track.neutral_since is None:
                start = self._crossed(time, track, before, score, off)
                track.neutral_since = max(start, self._last_time, time - self.SLOWEST_S)
            track.neutral = track.neutral or time - track.neutral_since >= neutral_s
        elif track.neutral_since is not None:
            ended = self._crossed(time, track, before, score, off)
            track.neutral = track.neutral or ended - track.neutral_since >= neutral_s
            track.neutral_since = None

    def _forget(self, time: float, smile_off: list[int]) -> None:
        """Drop the tracks of faces unseen for too long."""
        bridge_s = self._settings.bridge_s
        gone = [face for face, track in self._tracks.items() if time - track.seen > bridge_s]
        smile_off += [face for face in gone if self._tracks.pop(face).since is not None]

    def _may_fire(self, time: float) -> bool:
        return time - self._fired[-1] >= self._settings.cooldown_s and time >= self._refused_until

    def _too_many(self, time: float) -> bool:
        return len(self._fired) == self._fired.maxlen and time - self._fired[0] < self.MINUTE

    def _ripe(self, time: float) -> int | None:
        """Return the face to fire for: of those that qualify, the one that smiled first."""
        fresh = [
            (track.since, face)
            for face, track in self._tracks.items()
            if track.since is not None
            and not track.used
            and track.seen == time
            and self._held(time, track)
        ]
        if not fresh:
            return None
        who = self._settings.who
        if who == "all" and not all(self._held(time, track) for track in self._tracks.values()):
            return None
        if who == "count" and len(fresh) < self._settings.count:
            return None
        if who == "largest":
            seen = {face: track for face, track in self._tracks.items() if track.seen == time}
            largest = max(seen, key=lambda face: seen[face].box.area)
            fresh = [one for one in fresh if one[1] == largest]
        return min(fresh)[1] if fresh else None

    def _held(self, time: float, track: _Track) -> bool:
        """Tell whether a face's smile has lasted, after a neutral face where that is asked for."""
        return (
            track.since is not None
            and time - track.since >= self._settings.hold_s
            and (track.neutral or track.used or not self._settings.neutral_first)
        )
