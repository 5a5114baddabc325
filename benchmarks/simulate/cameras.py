"""Live cameras that show pictures which are made here, and are never lost."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator

from benchmarks.simulate.scenes import FPS, Scene
from edge.cameras.capture import Capture
from edge.values import Frame, Grey


class PacedCamera:
    """A live camera that shows pictures without end, so many a second."""

    live = True

    def __init__(self, pictures: Iterator[Grey], fps: float) -> None:
        self.fps = fps
        self._pictures = pictures
        self._index = 0
        self._due = time.monotonic()

    def read(self) -> Frame | None:
        grey = next(self._pictures)
        self._index += 1
        self._due = max(self._due + 1.0 / self.fps, time.monotonic() - 1.0)
        time.sleep(max(0.0, self._due - time.monotonic()))
        return Frame(self._index - 1, time.monotonic(), grey)

    def close(self) -> None:
        """Do nothing: nothing is open."""


class SceneCamera(PacedCamera):
    """A live camera, three times as fast as most, that shows a scene again and again."""

    fps = 100.0

    def __init__(self, scene: Scene, seconds: float) -> None:
        film = (scene.render(round(seconds * FPS)) for _ in itertools.count())
        pictures = (frame.grey for frame, _ in itertools.chain.from_iterable(film))
        super().__init__(pictures, self.fps)


def capture(open_camera: Callable[[], PacedCamera], stop: threading.Event) -> Capture:
    """Return a capture as the device has, of a camera that is not lost."""
    return Capture(
        open_camera(),
        open_camera,
        stall_s=10.0,
        stop=stop,
        on_lost=lambda _: None,
        on_back=lambda: None,
    )
