"""Whether memory stays flat, and old frames are dropped, over minutes."""

from __future__ import annotations

import threading
import time
from contextlib import closing

from benchmarks.bundle import device_settings
from benchmarks.processes import memory_mb
from benchmarks.simulate.cameras import SceneCamera, capture
from benchmarks.simulate.pins import ForgetfulPin, mock_pins
from benchmarks.simulate.scenes import COMING_AND_GOING
from edge.faces.open import open_detector
from edge.faces.tracker import FaceTracker
from edge.outputs.group import Outputs
from edge.pipeline import Pipeline, open_stages
from edge.values import Event, Face, Frame


class AgingTracker(FaceTracker):
    """Notes how old the oldest frame was when its processing began, in seconds."""

    oldest_s = 0.0

    def find(self, frame: Frame) -> tuple[Face, ...]:
        self.oldest_s = max(self.oldest_s, time.monotonic() - frame.time)
        return super().find(frame)


@mock_pins(ForgetfulPin)
def endure(seconds: float) -> dict[str, float]:
    """Run the pipeline behind a fast live camera: people come and go, smile and fire.

    Returns:
        Frames, firings, frames dropped, the age of the oldest processed frame in frame times, and
        the resident memory after a tenth of the time and at the end.
    """
    settings = device_settings()
    outputs = Outputs(settings.outputs, lambda _: None)
    stop = threading.Event()
    camera = capture(lambda: SceneCamera(COMING_AND_GOING, 10.0), stop)
    faces = AgingTracker(open_detector(settings.faces), settings.faces)
    fired: list[Event] = []
    pipeline = Pipeline(
        open_stages(settings)._replace(faces=faces),
        camera=camera,
        outputs=outputs,
        listen=lambda event: fired.append(event) if event.name == "fired" else None,
    )
    memory: list[float] = []
    with closing(outputs), closing(camera):
        threading.Timer(0.1 * seconds, lambda: memory.append(memory_mb("VmRSS"))).start()
        threading.Timer(seconds, stop.set).start()
        pipeline.run(stop)
        memory.append(memory_mb("VmRSS"))
    return {
        "frames": pipeline.timings.frames,
        "firings": len(fired),
        "dropped": camera.dropped,
        "oldest_frame_times": faces.oldest_s * SceneCamera.fps,
        "early_mb": memory[0],
        "late_mb": memory[-1],
    }
