"""Keeps the newest frame of a live camera, and opens the camera again when it was lost."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial

from edge.cameras.camera import Camera
from edge.cameras.source import is_live, open_camera
from edge.errors import CameraError, FrameError, SmileGateError
from edge.settings import Settings
from edge.values import Frame

log = logging.getLogger(__name__)


class Capture:
    """Reads a live camera in a thread of its own, so that a slow reader always gets the newest
    frame: older ones are dropped and counted.

    A camera that fails, or gives nothing but garbage for ``PATIENCE_S``, is closed and opened again
    until it gives frames. All this happens in the one thread: where a driver hangs no second one
    is started, but the reader is told all the same that the camera is lost.

    Args:
        camera: a live one; closed from here. None when it is lost from the start.
        reopen: opens it again.
        fps: of the camera, or what it is asked for.
        stall_s: a camera without a frame for this long is lost, in seconds; at least three frames.
        stop: ends the reading.
        tell: is told why the camera is lost, and with an empty reason that it is back, from within
            ``read``.
        wait: is called ten times a second while ``read`` waits for a lost camera.

    Attributes:
        dropped: frames that came and were not given to the reader.
        lost: why there are no frames; empty when there are.
        garbage: pictures that were none.
    """

    live = True

    FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
    """Between tries to open a lost camera; each is twice as long as the one before."""
    GOOD_S = 10.0
    """A camera that gave frames for this long is tried again after the first pause."""
    PATIENCE_S = 10.0
    """A camera without a picture for this long is opened again; a stream that was just opened may
    have none until its next key frame."""
    FRESH = 1.5
    """A frame that waited for longer than this many frame times is not given any more."""
    POLL_S = 0.1
    """How often a reader who waits looks after ``stop`` and the camera."""
    CLOSE_S = 2.0
    """How long to wait for a camera to close; a driver may hang."""

    def __init__(
        self,
        camera: Camera | None,
        reopen: Callable[[], Camera],
        *,
        fps: float = 30.0,
        stall_s: float,
        stop: threading.Event,
        tell: Callable[[str], None],
        wait: Callable[[], None] = lambda: None,
    ) -> None:
        self.fps = camera.fps if camera is not None else fps
        self.dropped = 0
        self.garbage = 0
        self._reopen = reopen
        self._stall_s = max(stall_s, 3.0 / self.fps)
        self._stop = stop
        self._tell = tell
        self._wait = wait
        self.lost = ""
        self._ended = threading.Event()
        self._changed = threading.Condition()
        self._newest: Frame | None = None
        self._came = time.monotonic()  # the last one, judged or not
        self._failure = ""
        self._instead = ""  # what came since, if not a picture
        self._alive = self._came
        self._thread = threading.Thread(
            target=self._keep_open, args=(camera,), name="capture", daemon=True
        )
        self._thread.start()

    def read(self) -> Frame | None:
        """Wait for a frame that was not given before and return it; None when ``stop`` is set."""
        while not self._stop.is_set():
            with self._changed:
                wait_s = self.POLL_S
                if not self.lost:  # the moment it is lost is not to be missed
                    until_s = self._came + self._stall_s - time.monotonic()
                    wait_s = min(wait_s, max(0.0, until_s))
                self._changed.wait_for(lambda: self._newest is not None, wait_s)
                frame, self._newest = self._newest, None
                now = time.monotonic()
                if frame is not None and now - frame.time > self.FRESH / self.fps:
                    frame = None
                    self.dropped += 1
                lost = self._failure
                if now - self._came > self._stall_s:
                    lost = lost or self._silence()
            if frame is not None:
                self._say("")
                return frame
            if lost:
                self._say(lost)
                self._wait()
        return None

    @property
    def hung_s(self) -> float:
        """For how many seconds the driver has not answered."""
        return max(0.0, time.monotonic() - self._alive)

    def close(self) -> None:
        """End the thread, and the camera with it; may be called more than once."""
        self._ended.set()
        self._thread.join(self.CLOSE_S)

    def _silence(self) -> str:
        return f"no frame for {self._stall_s:g} s{self._instead}"

    def _say(self, lost: str) -> None:
        if bool(lost) != bool(self.lost):
            self._tell(lost)
        self.lost = lost

    def _keep_open(self, camera: Camera | None) -> None:
        pause_s = self.FIRST_PAUSE_S
        while not self._ended.is_set():
            began = time.monotonic()
            try:
                with closing(camera or self._reopen()) as opened:
                    began = time.monotonic()
                    self._follow(opened)
            except SmileGateError as error:
                failure = str(error)
            except Exception as error:
                log.exception("capture")
                failure = f"{type(error).__name__}: {error}"
            else:
                return
            log.debug("camera: %s", failure)
            with self._changed:
                self._failure = failure
            camera = None
            if self._came - began > self.GOOD_S:
                pause_s = self.FIRST_PAUSE_S
            self._alive = time.monotonic() + pause_s  # nothing is asked of the driver until then
            self._ended.wait(pause_s)
            pause_s = min(self.LONGEST_PAUSE_S, 2.0 * pause_s)

    def _follow(self, camera: Camera) -> None:
        """Put each frame in the place of the one before, until ``close``."""
        self.fps = camera.fps
        good = time.monotonic()
        while not self._ended.is_set():
            try:
                frame = camera.read()
            except FrameError as error:
                log.debug("%s", error)
                self.garbage += 1
                self._alive = time.monotonic()
                with self._changed:
                    self._instead = f", but: {error}"
                if self._alive - good > max(self._stall_s, self.PATIENCE_S):
                    raise CameraError(self._silence(), "") from error
                self._ended.wait(1.0 / self.fps)
                continue
            if frame is None:
                raise CameraError("the camera has no more frames", "")
            good = self._alive = time.monotonic()
            with self._changed:
                self.dropped += self._newest is not None
                self._newest, self._came, self._failure, self._instead = frame, good, "", ""
                self._changed.notify()
            del frame  # not kept while the next is waited for: a camera has few


def give_up(lost: str) -> None:
    """Raise ``CameraError``: for who does not wait for a lost camera."""
    if lost:
        raise CameraError(lost, "")


def open_captured(
    settings: Settings,
    *,
    stop: threading.Event,
    tell: Callable[[str], None] = give_up,
    wait: Callable[[], None] = lambda: None,
    patient: bool = False,
) -> Camera:
    """Open the source that the settings name; a live one is read through ``Capture``.

    Args:
        settings: of the source.
        stop: as for ``Capture``; so are ``tell`` and ``wait``.
        tell: see there.
        wait: see there.
        patient: a live camera that can't be opened is one that is lost.

    Raises:
        CameraError: the source can't be opened.
        MissingPackageError: it needs a package that is not installed.
    """
    reopen = partial(open_camera, settings)
    camera: Camera | None = None
    try:
        camera = reopen()
    except CameraError:
        if not patient or not is_live(settings.camera.source):
            raise
    if camera is not None and not camera.live:
        return camera
    fps, stall_s = settings.camera.fps, settings.camera.stall_s
    return Capture(camera, reopen, fps=fps, stall_s=stall_s, stop=stop, tell=tell, wait=wait)
