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

from benchmarks.bundle import device_settings
from benchmarks.report.schema import CameraRate
from benchmarks.simulate.cameras import PacedCamera
from benchmarks.simulate.pins import TimedPin, mock_pins
from benchmarks.simulate.scenes import FPS, Scene
from benchmarks.simulate.trigger import EagerTrigger
from edge.cameras.capture import Capture
from edge.outputs.group import Outputs
from edge.pipeline import Pipeline, open_stages
from edge.settings import ShutterSettings

WARM_UP_S = 1.0


@mock_pins(TimedPin)
def at_camera_rate(
    scene: Scene,
    seconds: float,
    measured: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> CameraRate:
    """Show a scene of smiles at 30 frames per second to the pipeline as the device runs it.

    Args:
        scene: of faces that smile now and then.
        seconds: how long is measured, after ``WARM_UP_S``, which does not count.
        measured: is entered while it counts.
    """
    pictures = [frame.grey for frame, _ in scene.render(round(2 * FPS))]
    settings, stop, trigger = device_settings(), threading.Event(), EagerTrigger()
    outputs = Outputs({"photo": ShutterSettings(pin=17, pulse_s=0.01)}, lambda _: None)

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
        open_stages(settings)._replace(trigger=trigger),
        camera=camera,
        outputs=outputs,
        listen=lambda _: None,
    )
    with closing(outputs), closing(camera), ThreadPoolExecutor(1) as thread:
        run = thread.submit(pipeline.run, stop)
        try:
            stop.wait(WARM_UP_S)
            with measured():
                cpu, began, dropped = time.process_time(), time.monotonic(), camera.dropped
                stop.wait(seconds)
                cpu, ended = time.process_time() - cpu, time.monotonic()
                dropped = camera.dropped - dropped
        finally:
            stop.set()
        run.result()
    ages = [at.decided_s - at.frame_s for at in trigger.steps if began <= at.frame_s < ended]
    fired = [at.frame_s for at in trigger.steps if at.fired]
    rises = [rise for rise in TimedPin.rises if began <= rise < ended]
    return CameraRate(
        scene=scene.name,
        faces=scene.faces,
        cpu_share=cpu / (ended - began),
        age_ms=_percentiles_ms(ages),
        pin_ms=_percentiles_ms(latencies_s(fired, rises)),
        firings=len(rises),
        frames=len(ages),
        dropped=dropped,
    )


def latencies_s(fired: Sequence[float], rises: Sequence[float]) -> list[float]:
    """Return for each rise of a pin how long before it the last frame that fired was taken."""
    return [rise - fired[at - 1] for rise in rises if (at := bisect_left(fired, rise))]


def _percentiles_ms(seconds: Sequence[float]) -> dict[str, float]:
    if not seconds:
        return {}
    percentiles = np.percentile(seconds, (50, 90, 99)) * 1e3
    return dict(zip(("p50", "p90", "p99"), map(float, percentiles), strict=True))
