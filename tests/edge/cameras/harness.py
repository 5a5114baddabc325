"""A camera that follows a script, and a capture that records its callbacks."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

import numpy as np

from edge.cameras.camera import Camera
from edge.cameras.capture import Capture
from edge.errors import FrameError
from edge.values import Frame
from tests.waiting import wait_until

Act = str | Exception
"""``frame``, ``frames`` without end, ``hang`` until ``go_on`` and then a frame, ``end``, or an
error to raise."""
NO_PICTURE = FrameError("no picture", "")


class ScriptedCamera:
    """A live camera that does what the test puts into its script.

    Attributes:
        released: the indices of the frames that were released, in that order.
    """

    live = True

    def __init__(self, *acts: Act, fps: float = 10.0) -> None:
        self.fps = fps
        self.clock: Callable[[], float] = time.monotonic
        self.closed = False
        self.frames = 0
        self.reads = 0
        self.released: list[int] = []
        self.go_on = threading.Event()
        self._put = 0
        self._acts: queue.Queue[Act] = queue.Queue()
        self.put(*acts)

    def put(self, *acts: Act) -> None:
        for act in acts:
            self._put += 1
            self._acts.put(act)

    def give(self, count: int = 1) -> None:
        """Give frames; return when they were read and the camera is asked for the next frame."""
        self.put(*["frame"] * count)
        wait_until(lambda: self.reads > self._put)

    def read(self) -> Frame | None:
        self.reads += 1
        match self._acts.get():
            case "end":
                return None
            case "hang":
                self.go_on.wait(10.0)
            case "frames":
                self._acts.put("frames")
            case Exception() as error:
                raise error
        index = self.frames
        self.frames += 1
        picture = np.zeros((16, 16), np.uint8)
        release = lambda: self.released.append(index)  # noqa: E731
        return Frame(index, self.clock(), picture, give_back=release)

    def close(self) -> None:
        self.closed = True


class RecordedCapture:
    """A capture that records its callbacks.

    Attributes:
        calls: the reason of each ``on_lost``, and ``back`` for each ``on_back``.
        opened: how often a camera was to be opened.
        waits: how often ``while_lost`` was called.
    """

    def __init__(
        self,
        open_camera: Callable[[], Camera],
        *,
        stall_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.calls: list[str] = []
        self.stop = threading.Event()
        self.opened = 0
        self.waits = 0
        self._open_camera = open_camera
        self.capture = Capture(
            self._open(),
            self._open,
            stall_s=stall_s,
            stop=self.stop,
            on_lost=self.calls.append,
            on_back=lambda: self.calls.append("back"),
            while_lost=self._wait,
            clock=clock,
        )

    def _open(self) -> Camera:
        self.opened += 1
        return self._open_camera()

    def _wait(self) -> None:
        self.waits += 1

    def read(self) -> Frame:
        guard = threading.Timer(30.0, self.stop.set)
        guard.start()
        try:
            return read(self.capture)
        finally:
            guard.cancel()

    def read_until(self, condition: Callable[[], bool]) -> None:
        """Wait for a frame, in vain, until a condition holds."""
        reader = threading.Thread(target=self.capture.read, daemon=True)
        reader.start()
        wait_until(condition)
        self.stop.set()
        reader.join(1.0)
        assert not reader.is_alive()
        self.stop.clear()

    def close(self) -> None:
        self.capture.close()


def read(camera: Camera) -> Frame:
    frame = camera.read()
    assert frame is not None, "no frame arrived"
    return frame


def capture_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "capture"]
