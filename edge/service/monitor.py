"""What there is to say of a running gate: kept from what it tells, for ``smile-gate status``."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from edge.values import Event, SmileScore


class Monitor:
    """Listens to events and judged frames.

    Its values are replaced, never changed, so that any thread may ask while frames go on.
    """

    FPS_OVER = 60
    """Frames over which the reported rate is the mean."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._scores: Sequence[SmileScore] = ()
        self._judged_at: deque[float] = deque(maxlen=self.FPS_OVER)
        self._frames = 0
        self._fired_at: float | None = None
        self._firings = 0
        self._camera_lost = ""

    def judged(self, scores: Sequence[SmileScore]) -> None:
        """Take note of a judged frame."""
        self._scores = scores
        self._judged_at.append(time.monotonic())
        self._frames += 1

    def hear(self, event: Event) -> None:
        """Take note of an event."""
        match event.name:
            case "fired":
                self._fired_at = time.monotonic()
                self._firings += 1
            case "camera_lost":
                self._camera_lost = str(event.facts["reason"])
            case "camera_back":
                self._camera_lost = ""

    def report(self) -> Mapping[str, Any]:
        """Return what is known, for JSON: times in seconds, boxes as x, y, w, h in pixels."""
        now = time.monotonic()
        at = list(self._judged_at)
        fresh = bool(at) and now - at[-1] < 2.0
        return {
            "uptime_s": round(now - self._started, 1),
            "frames": self._frames,
            "fps": round((len(at) - 1) / (at[-1] - at[0]), 1) if fresh and len(at) > 1 else 0.0,
            "faces": [
                {"face": one.face.id, "box": list(one.face.box), "score": round(one.score, 3)}
                for one in (self._scores if fresh else ())
            ],
            "firings": self._firings,
            "last_firing_s_ago": None if self._fired_at is None else round(now - self._fired_at, 1),
            "camera_lost": self._camera_lost,
        }
