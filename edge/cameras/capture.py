"""Keeps the newest frame of a live camera, and opens a lost camera again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import closing

from edge.cameras.camera import Camera
from edge.cameras.source import is_live, open_camera
from edge.errors import CameraError, FrameError, SmileGateError
from edge.settings import Settings
from edge.values import Frame

log = logging.getLogger(__name__)


class Capture:
    """Reads a live camera in a thread of its own, so that a slow reader always gets the newest
    frame: older frames are released, and counted as dropped.

    A camera that fails, or gives nothing but garbage for ``PATIENCE_S``, is closed and opened again
    until it gives frames. All this happens in the one thread: where a driver hangs, no second
    thread is started, and the reader still learns that the camera is lost.

    Args:
        camera: a live camera; closed from here. None when the camera is lost from the start.
        reopen: opens the camera again.
        fps: the rate expected of a camera that is not open yet, in frames per second.
        stall_s: a camera without a frame for this long is lost, in seconds; at least three frames.
        stop: ends ``read``.
        on_lost: is called from within ``read`` when the camera is lost, with the reason.
        on_back: is called from within ``read`` when there are frames again.
        while_lost: is called ten times a second while ``read`` waits for a lost camera.
        clock: the clock of the frames' times, in seconds.

    Attributes:
        dropped: how many frames were not given to the reader.
        lost: why there are no frames; empty when there are.
        garbage: how many pictures could not be decoded.
    """

    live = True

    FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
    """Between attempts to open a lost camera; each pause is twice as long as the one before."""
    GOOD_S = 10.0
    """After a camera gave frames for this long, the next pause is the first again."""
    PATIENCE_S = 10.0
    """A camera without a picture for this long is opened again; a stream that was just opened may
    have none until its next key frame."""
    FRESH = 1.5
    """A frame that waited for longer than this many frame times is dropped."""
    POLL_S = 0.1
    """How often a waiting reader checks ``stop`` and the camera."""
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
        on_lost: Callable[[str], None],
        on_back: Callable[[], None],
        while_lost: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.fps = camera.fps if camera is not None else fps
        self.dropped = 0
        self.garbage = 0
        self.lost = ""
        self._reopen = reopen
        self._stall_s = max(stall_s, 3.0 / self.fps)
        self._stop = stop
        self._on_lost = on_lost
        self._on_back = on_back
        self._while_lost = while_lost
        self._clock = clock
        self._ended = threading.Event()
        self._changed = threading.Condition()
        self._newest: Frame | None = None
        self._newest_at = self._clock()  # when the last frame arrived
        self._failure = ""
        self._garbage_since = ""  # what arrived since, if it was no picture
        self._answered_at = self._newest_at
        self._thread = threading.Thread(
            target=self._keep_open, args=(camera,), name="capture", daemon=True
        )
        self._thread.start()

    def read(self) -> Frame | None:
        """Wait for a new frame, the caller's to release; None when ``stop`` is set."""
        while not self._stop.is_set():
            with self._changed:
                wait_s = self.POLL_S
                if not self.lost:  # the reader is to learn of a stall at its very moment
                    until_s = self._newest_at + self._stall_s - self._clock()
                    wait_s = min(wait_s, max(0.0, until_s))
                self._changed.wait_for(lambda: self._newest is not None, wait_s)
                now = self._clock()
                if self._newest and now - self._newest.time > self.FRESH / self.fps:
                    self._drop_newest()
                frame, self._newest = self._newest, None
                reason = self._failure
                if now - self._newest_at > self._stall_s:
                    reason = reason or self._describe_silence()
            if frame is not None:
                if self.lost:
                    self.lost = ""
                    self._on_back()
                return frame
            if reason:
                if not self.lost:
                    self._on_lost(reason)
                self.lost = reason
                self._while_lost()
        return None

    @property
    def hung_s(self) -> float:
        """For how many seconds the driver has not answered."""
        return max(0.0, self._clock() - self._answered_at)

    def close(self) -> None:
        """End the thread, which closes the camera; may be called more than once."""
        self._ended.set()
        self._thread.join(self.CLOSE_S)

    def _describe_silence(self) -> str:
        return f"no frame for {self._stall_s:g} s{self._garbage_since}"

    def _drop_newest(self) -> None:
        if self._newest is not None:
            self._newest.release()
            self._newest = None
            self.dropped += 1

    def _keep_open(self, camera: Camera | None) -> None:
        pause_s = self.FIRST_PAUSE_S
        while not self._ended.is_set():
            began = self._clock()
            try:
                with closing(camera or self._reopen()) as opened:
                    began = self._clock()
                    self._keep_newest(opened)
            except SmileGateError as error:
                failure = str(error)
            except Exception as error:
                log.exception("capture")
                failure = f"{type(error).__name__}: {error}"
            else:
                break
            camera = None
            if self._newest_at - began > self.GOOD_S:
                pause_s = self.FIRST_PAUSE_S
            log.debug("camera: %s; the next attempt is in %g s", failure, pause_s)
            with self._changed:
                self._failure = failure
            self._answered_at = self._clock() + pause_s  # the driver is not asked until then
            self._ended.wait(pause_s)
            pause_s = min(self.LONGEST_PAUSE_S, 2.0 * pause_s)
        with self._changed:
            self._drop_newest()

    def _keep_newest(self, camera: Camera) -> None:
        """Replace the newest frame by each that arrives, until ``close``."""
        self.fps = camera.fps
        good_at = self._clock()
        while not self._ended.is_set():
            try:
                frame = camera.read()
            except FrameError as error:
                log.debug("%s", error)
                self.garbage += 1
                self._answered_at = self._clock()
                with self._changed:
                    self._garbage_since = f", but: {error}"
                if self._answered_at - good_at > max(self._stall_s, self.PATIENCE_S):
                    raise CameraError(self._describe_silence(), "") from error
                self._ended.wait(1.0 / self.fps)
                continue
            if frame is None:
                raise CameraError("the camera has no more frames", "")
            good_at = self._answered_at = self._clock()
            with self._changed:
                self._drop_newest()
                self._newest, self._newest_at = frame, good_at
                self._failure = self._garbage_since = ""
                self._changed.notify()


def _raise_lost(reason: str) -> None:
    raise CameraError(reason, "")


def open_captured(
    settings: Settings,
    *,
    stop: threading.Event,
    on_lost: Callable[[str], None] = _raise_lost,
    on_back: Callable[[], None] = lambda: None,
    while_lost: Callable[[], None] = lambda: None,
    patient: bool = False,
    open_source: Callable[[Settings], Camera] = open_camera,
    capture: type[Capture] = Capture,
) -> Camera:
    """Open the source that the settings name; a live camera is read through ``Capture``.

    ``stop``, ``on_lost``, ``on_back`` and ``while_lost`` are those of ``Capture``; by default, a
    loss raises ``CameraError``. If ``patient``, a live camera that can't be opened counts as lost.
    ``open_source`` opens the camera, ``capture`` captures it.

    Raises:
        CameraError: the source can't be opened.
        MissingPackageError: the source needs a package that is not installed.
    """
    camera: Camera | None = None
    try:
        camera = open_source(settings)
    except CameraError:
        if not patient or not is_live(settings.camera.source):
            raise
    if camera is not None and not camera.live:
        return camera
    return capture(
        camera,
        lambda: open_source(settings),
        fps=settings.camera.fps,
        stall_s=settings.camera.stall_s,
        stop=stop,
        on_lost=on_lost,
        on_back=on_back,
        while_lost=while_lost,
    )
