"""How long after its frame a firing reaches the pin."""

from __future__ import annotations

import itertools
import time

from benchmarks.bundle import device_settings
from benchmarks.simulate.pins import TimedPin, mock_pins
from benchmarks.simulate.trigger import EagerTrigger
from edge.cameras.demo import DemoCamera
from edge.outputs.group import Outputs
from edge.pipeline import Pipeline, open_stages
from edge.settings import ShutterSettings
from edge.values import Frame


@mock_pins(TimedPin)
def pin_latency(firings: int) -> dict[str, list[float]]:
    """Fire a shutter again and again, on real frames of a smile after real frames without a smile.

    Returns:
        Of each firing the milliseconds from the frame to the pin's edge, ``frame``, and from its
        scores to the edge, ``scores``.
    """
    frames = list(iter(DemoCamera().read, None))
    calm, smiling = frames[20].grey, frames[70].grey
    trigger = EagerTrigger()
    outputs = Outputs({"photo": ShutterSettings(pin=17, pulse_s=0.01)}, lambda _: None)
    pipeline = Pipeline(
        open_stages(device_settings())._replace(trigger=trigger),
        camera=DemoCamera(),
        outputs=outputs,
        listen=lambda _: None,
    )
    times: dict[str, list[float]] = {"frame": [], "scores": []}
    for index in itertools.count():
        frame = Frame(index, index / 30.0, smiling if index % 4 == 3 else calm)
        started = time.monotonic()
        decision = pipeline.step(frame)
        while not outputs.idle:
            time.sleep(0.001)
        if decision.fire:
            times["frame"].append((TimedPin.rises[-1] - started) * 1e3)
            times["scores"].append((TimedPin.rises[-1] - trigger.steps[-1].scored_s) * 1e3)
        if len(times["frame"]) == firings:
            break
    outputs.close()
    return times
