"""Follows faces from frame to frame: known ones are re-found where they were, new ones searched for
where the frame has changed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from edge.faces.detector import Detector
from edge.faces.motion import Changes, cell_means
from edge.faces.template_matching import Template
from edge.settings import FaceSettings
from edge.values import Box, Face, Frame, Grey


class _Track:
    __slots__ = ("face", "looked", "seen", "template", "tries")

    def __init__(self, face: Face, grey: Grey, time: float) -> None:
        self.tries = 0  # in vain since the detector found it upright
        self.found(face, grey, time)

    def found(self, face: Face, grey: Grey, time: float) -> None:
        """Take it as the detector has found it."""
        self.face = face
        self.template = Template(grey, face.box)
        self.looked = self.seen = time

    def moved(self, box: Box, time: float) -> None:
        """Take it as its template was matched."""
        self.face = Face(self.face.id, box, self.face.confidence)
        self.seen = time


class FaceTracker:
    """Keeps the ids of faces.

    The detector looks for every known face in its neighbourhood and near its size; between two
    looks the face is followed by its pixels. The search for new ones is spread over frames, so that
    each place that has changed and each size is searched every ``scan_s``; what it finds must be
    found again by a closer look before it is believed. Boxes are smoothed, so that the classifier's
    input does not tremble.

    Args:
        detector: finds the boxes.
        settings: ``scan_s`` and ``lost_s``.
    """

    MARGIN, MARGIN_PER_S, MARGIN_MAX = 0.2, 1.0, 0.8
    """How far around its last box a face is looked for, in its widths: at once, more for each
    second unseen, and at most."""
    LOOK_S = 0.09
    """A face that the detector found longer ago is not followed by its pixels: at 30 frames a
    second it looks for each in every third."""
    TILTS = (0.0, 20.0, -20.0)
    """A face that is not found upright is looked for turned by one of these degrees a frame."""
    SMOOTHING_S = 0.04
    STEADY = 0.15
    """A box that differs by more than this share of its width is not smoothed."""
    SAME_IOU = 0.3
    """Boxes that overlap more than this are of one face."""

    def __init__(self, detector: Detector, settings: FaceSettings) -> None:
        self._detector = detector
        self._settings = settings
        self._tracks: list[_Track] = []
        self._next_id = 1
        self._last_time = -math.inf
        self._changes = [Changes() for _ in range(detector.parts)]
        self._part = 0
        self._parts_due = 0.0

    @property
    def known(self) -> Sequence[int]:
        """Ids not given up, seen in the last frame or not, oldest first."""
        return [track.face.id for track in self._tracks]

    def find(self, frame: Frame) -> tuple[Face, ...]:
        """Return the faces seen in this frame, main face first."""
        grey = frame.grey
        # Seen in the last frame is not lost, however long ago that was.
        since = min(self._last_time, frame.time - self._settings.lost_s)
        self._tracks = [track for track in self._tracks if track.seen >= since]
        for track in self._tracks:
            self._refind(track, grey, frame.time)
        self._merge(frame.time)
        for box in self._search(grey, frame.time):
            self._meet(box, grey, frame.time)
        self._last_time = frame.time
        seen = [track.face for track in self._tracks if track.seen == frame.time]
        return tuple(sorted(seen, key=lambda face: face.confidence * face.box.w, reverse=True))

    def _refind(self, track: _Track, grey: Grey, time: float) -> None:
        if time - track.looked < self.LOOK_S:
            box = track.template.match(grey, track.face.box)
            if box is not None:
                track.moved(box, time)
                return
        self._look(track, grey, time)

    def _look(self, track: _Track, grey: Grey, time: float) -> None:
        """Have the detector look for a known face."""
        unseen_s = time - track.seen
        margin = min(self.MARGIN_MAX, self.MARGIN + self.MARGIN_PER_S * unseen_s)
        angle = self.TILTS[track.tries % len(self.TILTS)]
        found = self._detector.refind(grey, track.face.box, margin, angle)
        if found is None:
            track.tries += 1
            return
        box = self._smoothed(track.face.box, found.box, unseen_s)
        track.found(Face(track.face.id, box, found.confidence), grey, time)
        if angle == 0.0:
            track.tries = 0

    def _smoothed(self, old: Box, new: Box, passed: float) -> Box:
        if max(abs(a - b) for a, b in zip(old, new, strict=True)) > self.STEADY * old.w:
            return new
        share = 1.0 - math.exp(-passed / self.SMOOTHING_S)
        return Box(*(round(a + share * (b - a)) for a, b in zip(old, new, strict=True)))

    def _merge(self, time: float) -> None:
        """Give up the younger of two tracks that have come to follow the same face."""
        kept: list[_Track] = []
        for track in self._tracks:
            box = track.face.box
            doubled = track.seen == time and any(
                one.seen == time and one.face.box.iou(box) > self.SAME_IOU for one in kept
            )
            if not doubled:
                kept.append(track)
        self._tracks = kept

    def _search(self, grey: Grey, time: float) -> list[Box]:
        """Search the parts of the frame that are due."""
        parts = self._detector.parts
        passed = min(1.0, (time - self._last_time) / self._settings.scan_s)
        self._parts_due += parts * passed
        known = [track.face.box for track in self._tracks if track.seen == time]
        found: list[Box] = []
        cells = cell_means(grey)
        while self._parts_due > 0.999:  # a sum of times
            self._parts_due -= 1.0
            changed = self._changes[self._part].due(cells, known, time)
            if changed is not None:
                found += self._detector.search(grey, self._part, changed, known)
            self._part = (self._part + 1) % parts
        return found

    def _meet(self, box: Box, grey: Grey, time: float) -> None:
        """Look closely at what was found by searching, unless it is a face seen in this frame."""
        nearest = max(self._tracks, key=lambda t: t.face.box.iou(box), default=None)
        if nearest is not None and nearest.seen == time and nearest.face.box.iou(box) > 0.0:
            return
        found = self._detector.confirm(grey, box)
        if found is None:
            return
        track = nearest
        if track is None or track.seen == time or track.face.box.iou(found.box) <= self.SAME_IOU:
            track = _Track(Face(self._next_id, found.box, found.confidence), grey, time)
            track.looked -= self.LOOK_S * (self._next_id % 3) / 3.0  # faces take turns
            self._tracks.append(track)
            self._next_id += 1
            return
        track.found(Face(track.face.id, found.box, found.confidence), grey, time)
        track.tries = 0
