"""What the device's program takes of a machine: time to start, memory, processor."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPin

from benchmarks.scenes import COMING_AND_GOING, FPS, WALKING, Scene
from edge.bundle import load_bundle
from edge.cameras.demo import DemoCamera
from edge.classifier import Classifier
from edge.errors import CameraError
from edge.faces import HaarDetector
from edge.frames import Frame
from edge.outputs import Outputs
from edge.pipeline import Pipeline
from edge.settings import Settings
from edge.tracker import FaceTracker
from edge.trigger import Trigger


def memory_mb(field: str, pid: int | str = "self") -> float:
    """Return a process's resident memory: ``VmRSS`` now, ``VmHWM`` its peak.

    ``getrusage`` would give a new process the peak of the one that started it.
    """
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(f"/proc/{pid}/status: expected {field}, got none: has it ended?")


def cpu_s(pid: int) -> float:
    """Return the seconds of processor that a process has used."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def run_command(seconds: float) -> dict[str, float]:
    """Start ``smile-gate run`` on a clip of a walking face, in real time, with simulated pins.

    Returns:
        Seconds from the start of the process to the event of the first frame, its peak memory, and
        its seconds of processor a second from then on; decoding the clip is part of them.
    """
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "walking.avi"
        _record(WALKING, seconds, clip)
        started = time.monotonic()
        with subprocess.Popen(  # noqa: S603  (our own)
            [
                sys.executable,
                "-m",
                "edge.cli",
                "run",
                "--realtime",
                "--events=-",
                f"--source={clip}",
            ],
            env={**os.environ, "GPIOZERO_PIN_FACTORY": "mock"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            if not process.stdout or b"face_found" not in process.stdout.readline():
                raise CameraError(
                    "smile-gate run: expected a face in the clip, got none", str(clip)
                )
            ready = time.monotonic()
            cpu = cpu_s(process.pid)
            time.sleep(0.8 * seconds)
            return {
                "ready_s": ready - started,
                "peak_memory_mb": memory_mb("VmHWM", process.pid),
                "cpu_per_s": (cpu_s(process.pid) - cpu) / (time.monotonic() - ready),
            }


def _record(scene: Scene, seconds: float, path: Path) -> None:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, scene.size)
    for frame, _ in scene.render(round(seconds * FPS)):
        writer.write(cv2.cvtColor(frame.grey, cv2.COLOR_GRAY2BGR))
    writer.release()


class ForgetfulPin(MockPin):  # type: ignore[misc]
    """A mock pin that does not keep every level it ever had."""

    def _change_state(self, value: bool) -> bool:
        changed = bool(super()._change_state(value))
        self.clear_states()
        return changed


def looped(scene: Scene, seconds: float) -> Iterator[Frame]:
    """Yield a scene's frames again and again."""
    length = round(seconds * FPS)
    for index in itertools.count():
        if index % length == 0:
            film = scene.render(length)
        yield Frame(index, index / FPS, next(film)[0].grey)


def endure(seconds: float) -> dict[str, float]:
    """Run the pipeline at full speed on people who come and go, smile and fire a shutter.

    Returns:
        Frames, firings, and the resident memory after a tenth of the time and at the end.
    """
    Device.pin_factory = MockFactory(pin_class=ForgetfulPin)
    settings = Settings()
    outputs = Outputs(settings.outputs, lambda _: None)
    pipeline = Pipeline(
        camera=DemoCamera(),  # not read: the frames are stepped through
        faces=FaceTracker(HaarDetector(settings.faces), settings.faces),
        classifier=Classifier(load_bundle(Path(settings.model.bundle))),
        trigger=Trigger(settings.trigger),
        outputs=outputs,
        listen=lambda _: None,
    )
    started = time.monotonic()
    early_mb = 0.0
    firings = 0
    for frame in looped(COMING_AND_GOING, 10.0):
        firings += pipeline.step(frame).fire
        passed = time.monotonic() - started
        if not early_mb and passed >= 0.1 * seconds:
            early_mb = memory_mb("VmRSS")
        if passed >= seconds:
            break
    late_mb = memory_mb("VmRSS")
    outputs.close()
    Device.pin_factory = None
    return {
        "frames": pipeline.timings.frames,
        "firings": firings,
        "early_mb": early_mb,
        "late_mb": late_mb,
    }
