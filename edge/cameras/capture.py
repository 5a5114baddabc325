"""Keeps the newest frame of a live camera, and opens a lost camera again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import closing

from msgspec import Struct

from edge.cameras.camera import Camera
from edge.cameras.source import is_live, open_camera
from edge.errors import CameraError, FrameError, SmileGateError
from edge.settings import Settings
from edge.values import Frame

log = logging.getLogger(__name__)


class CaptureTiming(Struct, frozen=True):
    """How patient a ``Capture`` is; times in seconds.

    Attributes:
        first_pause_s: the first pause between attempts to open a lost camera; each further pause
            is twice as long as the one before.
        longest_pause_s: no pause is longer.
        good_s: after a camera gave frames for this long, the next pause is the first again.
        patience_s: a camera without a picture for this long is opened again; a stream that was
            just opened may have none until its next key frame.
        fresh: a frame that waited for longer than this many frame times is dropped.
        poll_s: how often a waiting reader checks ``stop`` and the camera.
        close_s: how long to wait for a camera to close; a driver may hang.
        clock: the clock of the frames' times, in seconds.
    """

    first_pause_s: float = 1.0
    longest_pause_s: float = 30.0
    good_s: float = 10.0
    patience_s: float = 10.0
    fresh: float = 1.5
    poll_s: float = 0.1
    close_s: float = 2.0
    clock: Callable[[], float] = time.monotonic


USUAL_TIMING = CaptureTiming()


class Capture:
    """Reads a live camera in a thread of its own, so that a slow reader always gets the newest
    frame: older frames are released, and counted as dropped.

    A camera that fails, or gives nothing but garbage for ``patience_s``, is closed and opened again
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
        timing: how patient the capture is.

    Attributes:
        dropped: how many frames were not given to the reader.
        lost: why there are no frames; empty when there are.
        garbage: how many pictures could not be decoded.
    """

    live = True

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
        timing: CaptureTiming = USUAL_TIMING,
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
        self._timing = timing
        self._clock = timing.clock
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
        """Wait for a new frame and return it, the caller's to release; None when ``stop`` is
        set."""
        while not self._stop.is_set():
            with self._changed:
                wait_s = self._timing.poll_s
                if not self.lost:  # the reader is to learn of a stall at its very moment
                    until_s = self._newest_at + self._stall_s - self._clock()
                    wait_s = min(wait_s, max(0.0, until_s))
                self._changed.wait_for(lambda: self._newest is not None, wait_s)
                now = self._clock()
                if self._newest and now - self._newest.time > self._timing.fresh / self.fps:
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
        self._thread.join(self._timing.close_s)

    def _describe_silence(self) -> str:
        return f"no frame for {self._stall_s:g} s{self._garbage_since}"

    def _drop_newest(self) -> None:
        if self._newest is not None:
            self._newest.release()
            self._newest = None
            self.dropped += 1

    def _keep_open(self, camera: Camera | None) -> None:
        pause_s = self._timing.first_pause_s
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
            if self._newest_at - began > self._timing.good_s:
                pause_s = self._timing.first_pause_s
            log.debug("camera: %s; the next attempt is in %g s", failure, pause_s)
            with self._changed:
                self._failure = failure
            self._answered_at = self._clock() + pause_s  # the driver is not asked until then
            self._ended.wait(pause_s)
            pause_s = min(self._timing.longest_pause_s, 2.0 * pause_s)
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
                if self._answered_at - good_at > max(self._stall_s, self._timing.patience_s):
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
    timing: CaptureTiming = USUAL_TIMING,
) -> Camera:
    """Open the source that the settings name; a live camera is read through ``Capture``.

    Args:
        settings: name the source.
        stop: ends ``read`` of a live camera.
        on_lost: is called with the reason when a live camera is lost; raises ``CameraError`` by
            default.
        on_back: is called when a lost camera gives frames again; does nothing by default.
        while_lost: is called ten times a second while ``read`` waits for a lost camera.
        patient: take a live camera that can't be opened for a lost camera.
        open_source: opens the camera.
        timing: how patient a ``Capture`` is.

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
    return Capture(
        camera,
        lambda: open_source(settings),
        fps=settings.camera.fps,
        stall_s=settings.camera.stall_s,
        stop=stop,
        on_lost=on_lost,
        on_back=on_back,
        while_lost=while_lost,
        timing=timing,
    )
