"""A camera that does what a test says, and a watched capture of it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

import numpy as np

from edge.cameras.capture import Capture
from edge.errors import CameraError, FrameError
from edge.values import Frame
from tests.waiting import wait_until

Act = str | Exception
"""``frame``, ``hang`` until told to go on and then give one, ``end``, or an error to raise."""
NO_PICTURE = FrameError("no picture", "")
STALL_S = 0.4
SOON_S = 1.0
"""For what should take 0.1 s; a busy machine may make more of it."""


class Scripted:
    """A live camera that gives what the test puts in."""

    live = True

    def __init__(self, *acts: Act, fps: float = 10.0) -> None:
        self.fps = fps
        self.closed = False
        self.go_on = threading.Event()
        self._frames = 0
        self._put = 0
        self._reads = 0
        self._acts: queue.Queue[Act] = queue.Queue()
        self.put(*acts)

    def put(self, *acts: Act) -> None:
        for act in acts:
            self._put += 1
            self._acts.put(act)

    def give(self, count: int = 1) -> None:
        """Give frames and return when they were taken and the next is waited for."""
        self.put(*["frame"] * count)
        wait_until(lambda: self._reads > self._put)

    def give_soon(self) -> None:
        """Give a frame while a reader waits for it."""
        threading.Timer(0.03, self.put, ["frame"]).start()

    def read(self) -> Frame | None:
        self._reads += 1
        match self._acts.get():
            case "end":
                return None
            case "hang":
                self.go_on.wait(10.0)
            case Exception() as error:
                raise error
        self._frames += 1
        return Frame(self._frames - 1, time.monotonic(), np.zeros((16, 16), np.uint8))

    def close(self) -> None:
        self.closed = True


class Watched:
    """A capture of one camera after the other, and what it told."""

    def __init__(self, *cameras: Scripted, stall_s: float = 60.0) -> None:
        self.told: list[str] = []
        self.stop = threading.Event()
        self.opened = 0
        self.pauses: list[float] = []
        self._cameras = cameras
        self.capture = Capture(
            self._open(), self._open, stall_s=stall_s, stop=self.stop, tell=self.told.append
        )

    def _open(self) -> Scripted:
        self.opened += 1
        if self.opened > len(self._cameras):
            raise CameraError("none left", "")
        return self._cameras[self.opened - 1]

    def read(self) -> Frame:
        guard = threading.Timer(5.0, self.stop.set)
        guard.start()
        frame = self.capture.read()
        guard.cancel()
        assert frame is not None, "no frame came"
        return frame

    def read_until(self, condition: Callable[[], bool]) -> None:
        """Wait for a frame, in vain, until a condition holds."""
        reader = threading.Thread(target=self.capture.read, daemon=True)
        reader.start()
        wait_until(condition)
        self.stop.set()
        reader.join(SOON_S)
        assert not reader.is_alive()
        self.stop.clear()

    def note_pauses(self) -> None:
        """From here on the pauses between tries are noted, and none lasts."""

        def wait(timeout: float | None = None) -> bool:
            self.pauses.append(timeout or 0.0)
            time.sleep(0.001)
            return False

        self.capture._ended.wait = wait  # type: ignore[method-assign]

    def end(self) -> None:
        self.capture._ended.set()
        for camera in self._cameras:
            camera.go_on.set()
            camera.put("end")
        self.capture._thread.join(SOON_S)
        assert not self.capture._thread.is_alive()
