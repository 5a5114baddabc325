"""The whole path behind a camera at its own rate, to simulated pins."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, nullcontext
from itertools import cycle

import numpy as np
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from benchmarks.measure.paths import bundle_folder
from benchmarks.report.schema import CameraRate
from benchmarks.simulate.cameras import PacedCamera
from benchmarks.simulate.pins import TimedPin
from benchmarks.simulate.scenes import FPS, Scene
from edge.cameras.capture import Capture
from edge.faces.open import open_detector
from edge.faces.tracker import FaceTracker
from edge.model.bundle import load_bundle
from edge.model.classifier import Classifier
from edge.outputs.group import Outputs
from edge.pipeline import Pipeline, Stages
from edge.settings import Settings, ShutterSettings, TriggerSettings
from edge.trigger import Trigger
from edge.values import Decision, SmileScore

WARM_UP_S = 1.0
EAGER = TriggerSettings(smoothing_s=0, hold_s=0, cooldown_s=0, max_per_minute=600)
"""Fires at once at each smile, so that only our own time is between frame and pin."""


class NotingTrigger(Trigger):
    """Notes each frame's time and its age in seconds when it was decided on, and the times of the
    frames that fired."""

    def __init__(self, settings: TriggerSettings) -> None:
        super().__init__(settings)
        self.ages: list[tuple[float, float]] = []
        self.fired: list[float] = []

    def step(self, time_: float, scores: Sequence[SmileScore]) -> Decision:
        decision = super().step(time_, scores)
        self.ages.append((time_, time.monotonic() - time_))
        if decision.fire:
            self.fired.append(time_)
        return decision


def at_camera_rate(
    scene: Scene,
    seconds: float,
    measured: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> CameraRate:
    """Show a scene of smiles at 30 frames per second to the pipeline as the device runs it.

    Args:
        scene: of faces that smile now and then.
        seconds: how long is measured, after a second that is not.
        measured: is entered for that time.
    """
    pictures = [frame.grey for frame, _ in scene.render(round(2 * FPS))]
    settings, stop = Settings(), threading.Event()
    Device.pin_factory = MockFactory(pin_class=TimedPin)
    TimedPin.rises.clear()
    trigger = NotingTrigger(EAGER)
    outputs = Outputs({"photo": ShutterSettings(pin=17, pulse_s=0.01)}, lambda _: None)
    faces = FaceTracker(open_detector(settings.faces), settings.faces)
    classifier = Classifier(load_bundle(bundle_folder()))

    def opened() -> PacedCamera:
        return PacedCamera(cycle(pictures), FPS)

    camera = Capture(
        opened(),
        opened,
        stall_s=settings.camera.stall_s,
        stop=stop,
        on_lost=lambda _: None,
        on_back=lambda: None,
    )
    pipeline = Pipeline(
        Stages(faces, classifier, trigger),
        camera=camera,
        outputs=outputs,
        listen=lambda _: None,
    )
    with closing(outputs), closing(camera), ThreadPoolExecutor(1) as thread:
        judging = thread.submit(pipeline.run, stop)
        try:
            stop.wait(WARM_UP_S)
            with measured():
                cpu, began, dropped = time.process_time(), time.monotonic(), camera.dropped
                stop.wait(seconds)
                cpu, ended = time.process_time() - cpu, time.monotonic()
                dropped = camera.dropped - dropped
        finally:
            stop.set()
        judging.result()
    Device.pin_factory = None
    ages = [age for at, age in trigger.ages if began <= at < ended]
    rises = [rise for rise in TimedPin.rises if began <= rise < ended]
    return CameraRate(
        scene=scene.name,
        faces=scene.faces,
        cpu_share=cpu / (ended - began),
        age_ms=_percentiles_ms(ages),
        pin_ms=_percentiles_ms(_latencies(trigger.fired, rises)),
        firings=len(rises),
        frames=len(ages),
        dropped=dropped,
    )


def _latencies(fired: Sequence[float], rises: Sequence[float]) -> list[float]:
    """Return for each rise of a pin how long before it the frame came that fired last."""
    return [rise - fired[at - 1] for rise in rises if (at := bisect_left(fired, rise))]


def _percentiles_ms(seconds: Sequence[float]) -> dict[str, float]:
    if not seconds:
        return {}
    found = np.percentile(seconds, (50, 90, 99)) * 1e3
    return dict(zip(("p50", "p90", "p99"), map(float, found), strict=True))
