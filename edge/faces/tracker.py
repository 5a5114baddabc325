"""Tracks faces from frame to frame: known faces near their last box, new ones where frames
change."""

from __future__ import annotations

import math
from collections.abc import Sequence

from edge.faces.detector import Detector, main_first
from edge.faces.motion import MotionMap, cell_means
from edge.faces.template_matching import Template
from edge.settings import FaceSettings
from edge.values import Box, Face, Frame, Grey


class _Track:
    """One face: as last seen, when the detector last detected it, and how often it then failed."""

    def __init__(self, face: Face, grey: Grey, time: float) -> None:
        self.misses = 0  # failed detections since the last upright one
        self.detect(face, grey, time)

    def detect(self, face: Face, grey: Grey, time: float) -> None:
        """Take over a detection, and its pixels as the template."""
        self.face = face
        self.template = Template(grey, face.box)
        self.detected_at = self.seen_at = time


class FaceTracker:
    """Keeps the ids of faces.

    The detector detects every known face again, in its neighbourhood and near its size; between
    two detections its template is matched. The search for new faces is spread over frames, so that
    each changed region is searched at each size every ``scan_s``; a box from the search becomes a
    track when the detector confirms it. Boxes are smoothed, so that the classifier's input does
    not jitter.

    Args:
        detector: finds the boxes.
        settings: ``scan_s`` and ``lost_s``.
    """

    MARGIN, MARGIN_PER_S, MARGIN_MAX = 0.2, 1.0, 0.8
    """Search window around a face's last box, on each side, in its widths: in the next frame, more
    for each second unseen, and at most."""
    DETECTION_INTERVAL_S = 0.09  # after it a face is detected, not matched: every third at 30 fps
    TILTS = (0.0, 20.0, -20.0)  # degrees; a face not detected upright is tried at one in each frame
    SMOOTHING_S = 0.04
    MAX_SMOOTHED = 0.15  # a box that moved or grew by more of its width is not smoothed
    SAME_IOU = 0.3  # boxes that overlap more are of the same face

    def __init__(self, detector: Detector, settings: FaceSettings) -> None:
        self._detector = detector
        self._settings = settings
        self._tracks: list[_Track] = []
        self._next_id = 1
        self._last_time = -math.inf
        self._motion_maps = [MotionMap() for _ in range(detector.parts)]
        self._next_part = 0
        self._parts_due = 0.0

    @property
    def known(self) -> Sequence[int]:
        """Ids of the tracked faces, seen in the last frame or not, oldest first."""
        return [track.face.id for track in self._tracks]

    def find(self, frame: Frame) -> tuple[Face, ...]:
        """Return the faces seen in this frame, main face first."""
        grey, time = frame.grey, frame.time
        # A face seen in the last frame is not lost, however long ago that frame was.
        oldest = min(self._last_time, time - self._settings.lost_s)
        self._tracks = [track for track in self._tracks if track.seen_at >= oldest]
        for track in self._tracks:
            self._follow(track, grey, time)
        self._drop_duplicates(time)
        for box in self._search(grey, time):
            self._confirm(box, grey, time)
        self._last_time = time
        return tuple(main_first(track.face for track in self._tracks if track.seen_at == time))

    def _follow(self, track: _Track, grey: Grey, time: float) -> None:
        """Match a known face's template; detect the face again if that fails or it is time to."""
        if time - track.detected_at < self.DETECTION_INTERVAL_S:
            box = track.template.match(grey, track.face.box)
            if box is not None:
                track.face = Face(track.face.id, box, track.face.confidence)
                track.seen_at = time
                return
        self._redetect(track, grey, time)

    def _redetect(self, track: _Track, grey: Grey, time: float) -> None:
        unseen_s = time - track.seen_at
        margin = min(self.MARGIN_MAX, self.MARGIN + self.MARGIN_PER_S * unseen_s)
        angle = self.TILTS[track.misses % len(self.TILTS)]
        detection = self._detector.redetect(grey, track.face.box, margin, angle)
        if detection is None:
            track.misses += 1
            return
        box = self._smoothed(track.face.box, detection.box, unseen_s)
        track.detect(Face(track.face.id, box, detection.confidence), grey, time)
        if angle == 0.0:
            track.misses = 0

    def _smoothed(self, old: Box, new: Box, passed_s: float) -> Box:
        if max(abs(a - b) for a, b in zip(old, new, strict=True)) > self.MAX_SMOOTHED * old.w:
            return new
        share = 1.0 - math.exp(-passed_s / self.SMOOTHING_S)
        return Box(*(round(a + share * (b - a)) for a, b in zip(old, new, strict=True)))

    def _drop_duplicates(self, time: float) -> None:
        """Drop the younger of two tracks that have come to follow the same face."""
        kept: list[_Track] = []
        for track in self._tracks:
            box = track.face.box
            duplicate = track.seen_at == time and any(
                older.seen_at == time and older.face.box.iou(box) > self.SAME_IOU for older in kept
            )
            if not duplicate:
                kept.append(track)
        self._tracks = kept

    def _search(self, grey: Grey, time: float) -> list[Box]:
        """Return the boxes of possible new faces, from the parts of the search that are due."""
        parts = self._detector.parts
        passed = min(1.0, (time - self._last_time) / self._settings.scan_s)
        self._parts_due += parts * passed
        known = [track.face.box for track in self._tracks if track.seen_at == time]
        boxes: list[Box] = []
        cells = cell_means(grey)
        while self._parts_due > 0.999:  # a sum of floats, which may fall short of 1
            self._parts_due -= 1.0
            region = self._motion_maps[self._next_part].take_region(cells, known, time)
            if region is not None:
                boxes += self._detector.search(grey, self._next_part, region, known)
            self._next_part = (self._next_part + 1) % parts
        return boxes

    def _confirm(self, box: Box, grey: Grey, time: float) -> None:
        """Track what the search returned, if the detector confirms it and it is no face already
        seen in this frame."""
        nearest = max(self._tracks, key=lambda track: track.face.box.iou(box), default=None)
        if nearest is not None and nearest.seen_at == time and nearest.face.box.iou(box) > 0.0:
            return
        detection = self._detector.confirm(grey, box)
        if detection is None:
            return
        unseen = nearest if nearest is not None and nearest.seen_at != time else None
        if unseen is not None and unseen.face.box.iou(detection.box) > self.SAME_IOU:
            unseen.detect(Face(unseen.face.id, *detection), grey, time)
            unseen.misses = 0
            return
        track = _Track(Face(self._next_id, *detection), grey, time)
        # Detections of several faces take turns.
        track.detected_at -= self.DETECTION_INTERVAL_S * (self._next_id % 3) / 3.0
        self._tracks.append(track)
        self._next_id += 1
