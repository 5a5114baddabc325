"""From the frame to the pin: behind a camera at its own rate, and one firing after the other."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, nullcontext
from itertools import cycle
from typing import NamedTuple

import numpy as np

from benchmarks.bundle import device_settings
from benchmarks.report.schema import CameraRate
from benchmarks.simulate.cameras import PacedCamera, capture
from benchmarks.simulate.pins import TimedPin, mock_pins
from benchmarks.simulate.scenes import FPS, Scene
from edge.cameras.camera import Camera
from edge.cameras.demo import DemoCamera
from edge.outputs.group import Outputs
from edge.pipeline import Pipeline, open_stages
from edge.settings import ShutterSettings, TriggerSettings
from edge.trigger import Trigger
from edge.values import Decision, Frame, SmileScore

WARM_UP_S = 1.0


class Step(NamedTuple):
    """When a frame was taken, scored and decided on, in monotonic seconds, and if it fired."""

    frame_s: float
    scored_s: float
    decided_s: float
    fired: bool


class EagerTrigger(Trigger):
    """Fires at each smile at once, so that only the path's own time is between frame and pin."""

    def __init__(self) -> None:
        eager = TriggerSettings(smoothing_s=0, hold_s=0, cooldown_s=0, max_per_minute=600)
        super().__init__(eager)
        self.steps: list[Step] = []

    def step(self, time_: float, scores: Sequence[SmileScore], *, armed: bool = True) -> Decision:
        scored_s = time.monotonic()
        decision = super().step(time_, scores, armed=armed)
        self.steps.append(Step(time_, scored_s, time.monotonic(), decision.fire))
        return decision


@mock_pins(TimedPin)
def at_camera_rate(
    scene: Scene,
    seconds: float,
    measured: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> CameraRate:
    """Show a scene of smiles at 30 frames per second to the pipeline as the device runs it, for
    some seconds after ``WARM_UP_S``; ``measured`` is entered while it counts."""
    pictures = [frame.grey for frame, _ in scene.render(round(2 * FPS))]
    stop, trigger, outputs = threading.Event(), EagerTrigger(), _shutter()
    camera = capture(lambda: PacedCamera(cycle(pictures), FPS), stop)
    pipeline = _pipeline(camera, trigger, outputs)
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


@mock_pins(TimedPin)
def pin_latency(firings: int) -> dict[str, list[float]]:
    """Fire a shutter again and again, on real frames of a smile after real frames without a smile.

    Returns:
        Of each firing the milliseconds from the frame to the pin's edge, ``frame``, and from its
        scores to the edge, ``scores``.
    """
    frames = list(iter(DemoCamera().read, None))
    calm, smiling = frames[20].grey, frames[70].grey
    trigger, outputs = EagerTrigger(), _shutter()
    times: dict[str, list[float]] = {"frame": [], "scores": []}
    with closing(outputs):
        pipeline = _pipeline(DemoCamera(), trigger, outputs)
        while len(times["frame"]) < firings:
            index = len(trigger.steps)
            frame = Frame(index, index / FPS, smiling if index % 4 == 3 else calm)
            started = time.monotonic()
            decision = pipeline.step(frame)
            while not outputs.idle:
                time.sleep(0.001)
            if decision.fire:
                times["frame"].append((TimedPin.rises[-1] - started) * 1e3)
                times["scores"].append((TimedPin.rises[-1] - trigger.steps[-1].scored_s) * 1e3)
    return times


def latencies_s(fired: Sequence[float], rises: Sequence[float]) -> list[float]:
    """Return for each rise of a pin how long before it the last frame that fired was taken."""
    return [rise - fired[at - 1] for rise in rises if (at := bisect_left(fired, rise))]


def _shutter() -> Outputs:
    return Outputs({"photo": ShutterSettings(pin=17, pulse_s=0.01)}, lambda _: None)


def _pipeline(camera: Camera, trigger: EagerTrigger, outputs: Outputs) -> Pipeline:
    stages = open_stages(device_settings())._replace(trigger=trigger)
    return Pipeline(stages, camera=camera, outputs=outputs, listen=lambda _: None)


def _percentiles_ms(seconds: Sequence[float]) -> dict[str, float]:
    if not seconds:
        return {}
    p50, p90, p99 = np.percentile(seconds, (50, 90, 99)).tolist()
    return {"p50": 1e3 * p50, "p90": 1e3 * p90, "p99": 1e3 * p99}
