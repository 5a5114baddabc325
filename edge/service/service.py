"""The gate while it runs: opened, watched over, reloaded, closed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from importlib.metadata import version
from typing import Any

from edge.cameras.camera import Camera
from edge.cameras.capture import Capture, open_captured
from edge.errors import LeakError, SmileGateError
from edge.outputs.group import Outputs
from edge.pipeline import Pipeline, Stages, Timings, open_stages
from edge.service.board import BoardWatch, held_mb
from edge.service.monitor import Monitor
from edge.service.sd_notify import Notifier
from edge.service.signals import Stopper
from edge.settings import AnyOutputSettings, Settings
from edge.values import Event, SmileScore

log = logging.getLogger(__name__)


class Service:
    """Runs the gate until its source ends or a signal comes.

    Under a service manager (systemd's Type=notify) it is ready after the first judged frame. The
    watchdog is fed by judged frames; while a camera is lost, as long as its driver answers. And a
    camera that is missing at the start is waited for, which is an error otherwise.

    Args:
        load: reads the settings, now and at each reload.
        listen: is told events.
        stopper: tells of signals.
        notifier: tells the service manager.
        note: is told which outputs are about to be opened.

    Raises:
        SmileGateError: the settings are bad, or something can't be opened.
    """

    HUNG_S = 15.0
    """A camera's driver that does not answer for longer than this, beyond the time it may take,
    needs another process."""
    MEMORY_MB = 250.0
    """A service that holds more has a leak, and needs another process. It looks for itself:
    Raspberry Pi OS switches off what systemd's MemoryMax needs."""

    def __init__(
        self,
        load: Callable[[], Settings],
        listen: Callable[[Event], None],
        stopper: Stopper,
        notifier: Notifier,
        note: Callable[[Mapping[str, AnyOutputSettings]], None] = lambda _: None,
    ) -> None:
        self._load = load
        self._listen = listen
        self._stopper = stopper
        self._notifier = notifier
        self._note = note
        self._ready = False
        self._lost = ""
        self._judged_at = time.monotonic()
        self._monitor = Monitor()
        self._timings = Timings()
        self.settings = load()
        self._stages = open_stages(self.settings)
        # Pins before the camera: they are at their safe level from here on.
        self.outputs = self._open_outputs(self.settings)
        stopper.first_act = self._make_safe
        try:
            self.camera = self._open_camera(self.settings, patient=notifier.listened)
        except BaseException:
            self.outputs.close()
            raise
        self.pipeline = self._wired()
        self._board = BoardWatch(self.settings.board.hot_c)

    def run(self, *, realtime: bool = False) -> None:
        """Judge frames until the source ends or a signal comes; reload at each SIGUSR1.

        Args:
            realtime: play a recorded source at its own pace instead of as fast as possible.

        Raises:
            CameraError: a recorded source failed.
            LeakError: under a service manager, it holds more than ``MEMORY_MB``.
            ImageError: likewise.
            OutputError: a reload was refused, and the pins of before can't be had again.
        """
        wake = self._stopper.wake
        while True:
            # Fewer frames because of heat are no stall.
            stall_s = max(self.settings.camera.stall_s, 3.0 / self.settings.board.hot_fps)
            self.pipeline.run(wake, realtime=realtime, stall_s=stall_s)
            if not wake.is_set():
                return
            wake.clear()
            if self._stopper.stop.is_set():
                return
            self._reload()

    def close(self) -> None:
        """Make the outputs safe, then close all; may be called more than once."""
        self._notifier.stopping()
        self._board.close()
        try:
            self.outputs.close()  # first: a camera may hang when it is closed
        finally:
            self.camera.close()

    def report(self) -> Mapping[str, Any]:
        """Return how the gate is, for JSON; from any thread."""
        lost = {"dropped": self.camera.dropped} if isinstance(self.camera, Capture) else {}
        classifier = self._stages.classifier
        return {
            "version": version("smile-gate"),
            "source": self.settings.camera.shown_source,
            **self._monitor.report(),
            **lost,
            "frame_ms": round(self._timings.medians_ms().get("frame", 0.0), 2),
            "model_on": "Edge TPU" if classifier.on_edge_tpu else "CPU",
            "faults": self.outputs.faults,
            "warnings": [*filter(None, [classifier.edge_tpu_error]), *self._board.health.warnings],
            "temperature_c": self._board.health.temperature_c,
            "memory_mb": round(held_mb(), 1),
        }

    def _wired(self) -> Pipeline:
        return Pipeline(
            self._stages,
            camera=self.camera,
            outputs=self.outputs,
            listen=self._tell,
            judged=self._judged,
            timings=self._timings,
        )

    def _make_safe(self) -> None:
        self.outputs.stop()  # those of now: a reload may have exchanged them

    def _reload(self) -> None:
        """Take new settings and a new model; with bad ones go on as before."""
        if self._ready:
            self._notifier.reloading()
        undo = ExitStack()
        try:
            settings = self._load()
            stages = self._keeping(open_stages(settings), settings)
            self._exchange(settings, undo)
        except Exception as error:  # whatever is in the new files, it must not end what runs
            words = f"not reloaded, it goes on as before: {error}"
            log.log(logging.ERROR, words, exc_info=not isinstance(error, SmileGateError))
            self._notifier.status(words)
            undo.close()
        else:
            self._forget(stages)
            self.settings, self._stages = settings, stages
            self._board.hot_c = settings.board.hot_c
            log.info("reloaded")
            self._notifier.status("reloaded")
        self.pipeline = self._wired()
        if self._ready:
            self._notifier.ready()

    def _keeping(self, stages: Stages, settings: Settings) -> Stages:
        """Keep who is there and who was fired for, where nothing about that is set otherwise."""
        before = self.settings
        if (settings.faces, _of_camera(settings)) != (before.faces, _of_camera(before)):
            return stages
        if settings.trigger != before.trigger:
            return stages._replace(faces=self._stages.faces)
        return self._stages._replace(classifier=stages.classifier)

    def _forget(self, stages: Stages) -> None:
        """Tell the end of what the stages to come know nothing of."""
        if stages.trigger is not self._stages.trigger:
            self.pipeline.forget(keep_faces=stages.faces is self._stages.faces)

    def _exchange(self, settings: Settings, undo: ExitStack) -> None:
        """Close what is set otherwise now, and open it anew."""
        before = self.settings
        if settings.outputs != before.outputs:
            undo.callback(self._reopen_outputs, before)
            self._reopen_outputs(settings)
        if _of_camera(settings) != _of_camera(before):
            undo.callback(self._reopen_camera, before, patient=True)
            self._reopen_camera(settings)

    def _reopen_outputs(self, settings: Settings) -> None:
        self.outputs.close()
        self.outputs = self._open_outputs(settings)
        if self._lost:
            self.outputs.camera_lost(self._lost)

    def _open_outputs(self, settings: Settings) -> Outputs:
        self._note(settings.outputs)
        return Outputs(settings.outputs, self._tell)

    def _reopen_camera(self, settings: Settings, *, patient: bool = False) -> None:
        self.camera.close()
        self.camera = self._open_camera(settings, patient=patient)
        if self._lost:
            self._tell_of_camera("")  # this one tells for itself

    def _open_camera(self, settings: Settings, *, patient: bool = False) -> Camera:
        return open_captured(
            settings,
            stop=self._stopper.wake,
            tell=self._tell_of_camera,
            wait=self._wait,
            patient=patient,
        )

    def _tell(self, event: Event) -> None:
        self._monitor.hear(event)
        self._listen(event)

    def _tell_of_camera(self, lost: str) -> None:
        self._lost = lost
        facts = {"reason": lost} if lost else {}
        self._tell(Event(time.monotonic(), "camera_lost" if lost else "camera_back", facts))
        self.outputs.camera_lost(lost) if lost else self.outputs.camera_back()
        self._notifier.status(lost or "the camera is back")

    def _judged(self, scores: Sequence[SmileScore]) -> None:
        self._monitor.judged(scores)
        if not self._ready:
            self._ready = True
            self._notifier.ready()
        self._alive()
        if self._board.hot and self.camera.live:
            due = self._judged_at + 1.0 / self.settings.board.hot_fps
            self._stopper.wake.wait(max(0.0, due - time.monotonic()))
        self._judged_at = time.monotonic()

    def _wait(self) -> None:
        """Feed the watchdog while the camera is lost, unless its driver hangs."""
        may_take_s = self.settings.camera.stall_s
        if isinstance(self.camera, Capture) and self.camera.hung_s < self.HUNG_S + may_take_s:
            self._alive()

    def _alive(self) -> None:
        if not self._notifier.alive():
            return
        with suppress(OSError):  # there may be no descriptor left to look with
            if (held := held_mb()) > self.MEMORY_MB:
                raise LeakError(
                    f"expected to hold at most {self.MEMORY_MB:g} MB of memory, got {held:.0f} MB"
                )


def _of_camera(settings: Settings) -> tuple[object, ...]:
    return settings.camera, settings.picamera2, settings.v4l2, settings.stream
