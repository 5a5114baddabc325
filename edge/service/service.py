"""The gate while it runs: opened, supervised, reloaded, closed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from importlib.metadata import version
from typing import Any

from edge.cameras.camera import Camera
from edge.cameras.capture import Capture, open_captured
from edge.cameras.source import is_live
from edge.errors import LeakError, SmileGateError
from edge.outputs.group import Outputs
from edge.pipeline import Pipeline, Stages, Timings, Watch, open_stages
from edge.service.arming import Arming
from edge.service.board import BoardWatch, private_mb
from edge.service.monitor import Monitor
from edge.service.sd_notify import Notifier
from edge.service.signals import Stopper
from edge.settings import AnyOutputSettings, Settings
from edge.values import Decision, Event, Frame, SmileScore, wall_time

log = logging.getLogger(__name__)


class Service:
    """Runs the gate until its source ends or a signal comes.

    Under a service manager (systemd's Type=notify) the gate reports that it is ready after the
    first frame, and feeds the watchdog after each frame; while a camera is lost, as long as its
    driver answers. A camera that is missing at the start is waited for under a service manager, and
    an error otherwise.

    Args:
        load: reads the settings, at the start and at each reload.
        listen: is called with each event.
        stopper: reports signals.
        notifier: informs the service manager.
        record_outputs: is called with the outputs that are about to be opened.
        open_camera: as ``open_captured``.
        watch_board: reads the board's sensors, given the temperature that counts as hot.
        wall_clock: the system's time in seconds since 1970, for the schedule of arming.
        hung_s: a camera's driver that does not answer for longer than this, beyond ``stall_s``,
            needs another process.
        memory_mb: a service that holds more has a leak, and needs another process. It checks
            itself: Raspberry Pi OS switches off what systemd's MemoryMax needs.

    Attributes:
        watchers: each is called when a frame is processed, as ``Pipeline``'s ``watch``.

    Raises:
        SmileGateError: the settings are bad, or something can't be opened.
    """

    def __init__(
        self,
        load: Callable[[], Settings],
        listen: Callable[[Event], None],
        stopper: Stopper,
        notifier: Notifier,
        record_outputs: Callable[[Mapping[str, AnyOutputSettings]], None] = lambda _: None,
        *,
        open_camera: Callable[..., Camera] = open_captured,
        watch_board: Callable[[float], BoardWatch] = BoardWatch,
        wall_clock: Callable[[], float] = time.time,
        hung_s: float = 15.0,
        memory_mb: float = 250.0,
    ) -> None:
        self._load = load
        self._listen = listen
        self._stopper = stopper
        self._notifier = notifier
        self._record_outputs = record_outputs
        self._open_camera = partial(
            open_camera,
            stop=stopper.wake,
            on_lost=self._camera_lost,
            on_back=self._camera_back,
            while_lost=self._while_camera_lost,
        )
        self.watchers: list[Watch] = []
        self._hung_s = hung_s
        self._memory_mb = memory_mb
        self._ready = False
        self._lost = ""
        self._frame_ended_at = time.monotonic()
        self._monitor = Monitor()
        self._timings = Timings()
        self._armed = True
        self.arming = Arming(wall_clock)
        # Held while pins are opened anew, and while outputs are armed or disarmed.
        self._pins_lock = threading.RLock()
        self.settings = load()
        self.stages = open_stages(self.settings)
        # Pins before the camera: they are at their safe level from here on.
        self._open_pins(self.settings)
        stopper.on_stop = lambda: self.outputs.stop()  # noqa: PLW0108  (a reload replaces them)
        try:
            self.camera = self._open_camera(self.settings, patient=notifier.managed)
        except BaseException:
            self._close_pins()
            raise
        self.pipeline = self._make_pipeline()
        self._update_arming()
        self.board = watch_board(self.settings.board.hot_c)

    def run(self, *, realtime: bool = False) -> None:
        """Process frames until the source ends or a signal comes; reload at each SIGUSR1.

        Args:
            realtime: play a recorded source at its own pace instead of as fast as possible.

        Raises:
            CameraError: a recorded source failed.
            ImageError: an image of a folder can't be read.
            LeakError: the process holds more than ``memory_mb``, under a service manager.
            OutputError: a reload was refused, and the pins can't be opened as they were before.
        """
        wake = self._stopper.wake
        while True:
            # Fewer frames because of heat are no stall.
            stall_s = max(self.settings.camera.stall_s, 3.0 / self.settings.board.hot_fps)
            self.pipeline.run(
                wake, realtime=realtime, stall_s=stall_s, after_frame=self._after_frame
            )
            if not wake.is_set():
                return
            wake.clear()
            if self._stopper.stop.is_set():
                return
            self._reload()

    def close(self) -> None:
        """Make the outputs safe, then close everything; may be called more than once."""
        self._notifier.stopping()
        self.board.close()
        try:
            self._close_pins()  # first: a camera may hang when it is closed
        finally:
            self.camera.close()

    def arm(self) -> None:
        """Allow firings again after ``disarm``; from any thread."""
        self.arming.disarmed_by_command = False
        self._update_arming()

    def disarm(self) -> None:
        """Make the outputs safe, and let nothing fire until ``arm``; from any thread. Frames are
        processed as before."""
        self.arming.disarmed_by_command = True
        self._update_arming()

    def report(self) -> Mapping[str, Any]:
        """Return the state of the gate, for JSON; from any thread."""
        dropped = {"dropped": self.camera.dropped} if isinstance(self.camera, Capture) else {}
        classifier = self.stages.classifier
        with self._pins_lock:
            arming = self.arming.report()
        return {
            "version": version("smile-gate"),
            "at": wall_time(time.monotonic()),
            "device": self.settings.board.device,
            "source": self.settings.camera.shown_source,
            **self._monitor.report(),
            **arming,
            **dropped,
            "frame_ms": round(self._timings.medians_ms().get("frame", 0.0), 2),
            "model_on": "Edge TPU" if classifier.on_edge_tpu else "CPU",
            "faults": self.outputs.faults,
            "warnings": [*filter(None, [classifier.edge_tpu_error]), *self.board.health.warnings],
            "temperature_c": self.board.health.temperature_c,
            "memory_mb": round(private_mb(), 1),
        }

    def _after_frame(self) -> None:
        self._monitor.note_frame(self.pipeline.scores)
        self._update_arming()
        if not self._ready:
            self._ready = True
            self._notifier.ready()
        if self._notifier.feed_watchdog():
            self._check_memory()
        self._wait_if_hot()

    def _update_arming(self) -> None:
        """Arm or disarm the outputs as command, switch and schedule say, and report a change."""
        with self._pins_lock:
            disarmed_by = self.arming.disarmed_by
            armed = not disarmed_by
            self.outputs.set_armed(armed)
            if armed == self._armed:
                return
            self._armed = armed
            facts = {} if armed else {"by": ", ".join(disarmed_by)}
            if until := self.arming.until:
                facts["until"] = until
            now = time.monotonic() if self.camera.live else self.outputs.now()
            self._publish(Event(now, "armed" if armed else "disarmed", facts))

    def _check_memory(self) -> None:
        with suppress(OSError):  # there may be no descriptor left to read it with
            if (held_mb := private_mb()) > self._memory_mb:
                raise LeakError(
                    f"expected to hold at most {self._memory_mb:g} MB of memory, "
                    f"got {held_mb:.0f} MB"
                )

    def _wait_if_hot(self) -> None:
        """Keep a live camera of a hot board to ``hot_fps`` frames per second."""
        if self.board.hot and self.camera.live:
            due = self._frame_ended_at + 1.0 / self.settings.board.hot_fps
            self._stopper.wake.wait(max(0.0, due - time.monotonic()))
        self._frame_ended_at = time.monotonic()

    def _while_camera_lost(self) -> None:
        """Feed the watchdog, unless the camera's driver hangs."""
        limit_s = self._hung_s + self.settings.camera.stall_s
        answers = isinstance(self.camera, Capture) and self.camera.hung_s < limit_s
        self._update_arming()
        if answers and self._notifier.feed_watchdog():
            self._check_memory()

    def _camera_lost(self, reason: str) -> None:
        self._lost = reason
        self._publish(Event(time.monotonic(), "camera_lost", {"reason": reason}))
        self.outputs.camera_lost(reason)
        self._notifier.status(reason)

    def _camera_back(self) -> None:
        self._lost = ""
        self._publish(Event(time.monotonic(), "camera_back"))
        self.outputs.camera_back()
        self._notifier.status("the camera is back")

    def _publish(self, event: Event) -> None:
        event = event.stamped(_device_of(self.settings))
        self._monitor.note_event(event)
        self._listen(event)

    def _watch(self, frame: Frame, scores: Sequence[SmileScore], decision: Decision) -> None:
        for watch in self.watchers:
            watch(frame, scores, decision)

    def _make_pipeline(self) -> Pipeline:
        return Pipeline(
            self.stages,
            camera=self.camera,
            outputs=self.outputs,
            listen=self._publish,
            timings=self._timings,
            watch=self._watch,
        )

    def _reload(self) -> None:
        """Take new settings and a new model; if they are bad, go on as before."""
        if self._ready:
            self._notifier.reloading()
        undo = ExitStack()
        try:
            settings = self._load()
            stages = self._keep_unchanged(open_stages(settings), settings)
            self._reopen_changed(settings, undo)
        except Exception as error:  # whatever is in the new files, the gate must go on
            words = f"not reloaded, it goes on as before: {error}"
            log.log(logging.ERROR, words, exc_info=not isinstance(error, SmileGateError))
            self._notifier.status(words)
            undo.close()
        else:
            if stages.trigger is not self.stages.trigger:
                self.pipeline.end_smiles(keep_faces=stages.faces is self.stages.faces)
            self.settings, self.stages = settings, stages
            self.board.hot_c = settings.board.hot_c
            self.outputs.device = _device_of(settings)
            self.arming.settings = settings.arming
            log.info("reloaded")
            self._notifier.status("reloaded")
        self.pipeline = self._make_pipeline()
        self._update_arming()
        if self._ready:
            self._notifier.ready()

    def _keep_unchanged(self, stages: Stages, settings: Settings) -> Stages:
        """Return the new stages, but the old tracker and trigger, with the faces and smiles that
        they know, where nothing in their settings has changed."""
        before = self.settings
        if (settings.faces, _camera_of(settings)) != (before.faces, _camera_of(before)):
            return stages
        if settings.trigger != before.trigger:
            return stages._replace(faces=self.stages.faces)
        return self.stages._replace(classifier=stages.classifier)

    def _reopen_changed(self, settings: Settings, undo: ExitStack) -> None:
        """Close the outputs and the camera whose settings have changed, and open them anew."""
        before = self.settings
        if _pins_of(settings) != _pins_of(before):
            undo.callback(self._reopen_pins, before)
            self._reopen_pins(settings)
        if _camera_of(settings) != _camera_of(before):
            undo.callback(self._reopen_camera, before, patient=True)
            self._reopen_camera(settings)

    def _reopen_pins(self, settings: Settings) -> None:
        with self._pins_lock:
            self._close_pins()
            self._open_pins(settings)
        if self._lost:
            self.outputs.camera_lost(self._lost)

    def _open_pins(self, settings: Settings) -> None:
        self._record_outputs(settings.outputs)
        self.outputs = Outputs(settings.outputs, self._publish, device=_device_of(settings))
        try:
            self.arming.open(settings.arming)
        except BaseException:
            self.outputs.close()
            raise

    def _close_pins(self) -> None:
        self.arming.close()
        self.outputs.close()

    def _reopen_camera(self, settings: Settings, *, patient: bool = False) -> None:
        self.camera.close()
        self.camera = self._open_camera(settings, patient=patient)
        if self._lost:
            self._camera_back()  # the new camera reports its own loss


def _device_of(settings: Settings) -> str:
    """Return the device's name for events; empty for a recorded source."""
    return settings.board.device if is_live(settings.camera.source) else ""


def _camera_of(settings: Settings) -> tuple[object, ...]:
    return settings.camera, settings.picamera2, settings.v4l2, settings.stream


def _pins_of(settings: Settings) -> tuple[object, ...]:
    return settings.outputs, settings.arming.switch_pin
