"""How long after its frame a firing reaches the pin."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence

from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from benchmarks.simulate.pins import TimedPin
from edge.cameras.demo import DemoCamera
from edge.faces.haar import HaarDetector
from edge.faces.tracker import FaceTracker
from edge.model.classifier import Classifier
from edge.outputs.group import Outputs
from edge.pipeline import Pipeline, Stages
from edge.settings import Settings, ShutterSettings, TriggerSettings
from edge.trigger import Trigger
from edge.values import Decision, Frame, SmileScore


def pin_latency(firings: int, classifier: Classifier) -> dict[str, list[float]]:
    """Fire a shutter again and again, on real frames of a smile after real frames without one.

    Returns:
        Of each firing the milliseconds from the frame to the pin's edge, ``frame``, and from its
        scores to the edge, ``scores``.
    """
    Device.pin_factory = MockFactory(pin_class=TimedPin)
    TimedPin.rises.clear()
    frames = list(iter(DemoCamera().read, None))
    calm, smiling = frames[20].grey, frames[70].grey
    settings = Settings()
    trigger = TriggerSettings(smoothing_s=0, hold_s=0, cooldown_s=0, max_per_minute=600)
    scored_at: list[float] = []

    class Timed(Trigger):
        def step(self, time_: float, scores: Sequence[SmileScore]) -> Decision:
            scored_at.append(time.monotonic())
            return super().step(time_, scores)

    outputs = Outputs({"photo": ShutterSettings(pin=17, pulse_s=0.01)}, lambda _: None)
    faces = FaceTracker(HaarDetector(settings.faces), settings.faces)
    pipeline = Pipeline(
        Stages(faces, classifier, Timed(trigger)),
        camera=DemoCamera(),
        outputs=outputs,
        listen=lambda _: None,
    )
    from_frame: list[float] = []
    from_scores: list[float] = []
    for index in itertools.count():
        frame = Frame(index, index / 30.0, smiling if index % 4 == 3 else calm)
        started = time.monotonic()
        decision = pipeline.step(frame)
        while not outputs.idle:
            time.sleep(0.001)
        if decision.fire:
            from_frame.append((TimedPin.rises[-1] - started) * 1e3)
            from_scores.append((TimedPin.rises[-1] - scored_at[-1]) * 1e3)
        if len(from_frame) == firings:
            break
    outputs.close()
    Device.pin_factory = None
    return {"frame": from_frame, "scores": from_scores}
