"""The state of a running gate, kept from its events and frames for ``smile-gate status``."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from edge.values import Event, SmileScore


class Monitor:
    """Takes note of events and processed frames.

    Its values are replaced, never changed, so that any thread may read them while frames go on.

    Args:
        clock: monotonic, in seconds.
    """

    FPS_OVER = 60
    """Frames over which the reported rate is the mean."""
    FRESH_S = 2.0
    """Rate and faces are of now if the last frame is younger than this."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self._scores: Sequence[SmileScore] = ()
        self._frame_times: deque[float] = deque(maxlen=self.FPS_OVER)
        self._frames = 0
        self._fired_at: float | None = None
        self._firings = 0
        self._camera_lost = ""

    def note_frame(self, scores: Sequence[SmileScore]) -> None:
        """Take note of a processed frame and the scores of its faces."""
        self._scores = scores
        self._frame_times.append(self._clock())
        self._frames += 1

    def note_event(self, event: Event) -> None:
        """Take note of an event."""
        match event.name:
            case "fired":
                self._fired_at = self._clock()
                self._firings += 1
            case "camera_lost":
                self._camera_lost = str(event.facts["reason"])
            case "camera_back":
                self._camera_lost = ""

    def report(self) -> Mapping[str, Any]:
        """Return the state, for JSON: times in seconds, boxes as x, y, w, h in pixels."""
        now = self._clock()
        times = list(self._frame_times)
        fresh = bool(times) and now - times[-1] < self.FRESH_S
        fps = (len(times) - 1) / (times[-1] - times[0]) if fresh and len(times) > 1 else 0.0
        return {
            "uptime_s": round(now - self._started, 1),
            "frames": self._frames,
            "fps": round(fps, 1),
            "faces": [
                {
                    "face": scored.face.id,
                    "box": list(scored.face.box),
                    "score": round(scored.score, 3),
                }
                for scored in (self._scores if fresh else ())
            ],
            "firings": self._firings,
            "last_firing_s_ago": None if self._fired_at is None else round(now - self._fired_at, 1),
            "camera_lost": self._camera_lost,
        }
