"""What the device's program takes of a machine: time to start, memory, processor."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPin

from benchmarks.scenes import COMING_AND_GOING, FPS, WALKING, Scene
from edge.bundle import load_bundle
from edge.cameras.capture import Capture
from edge.classifier import Classifier
from edge.detectors import open_detector
from edge.errors import CameraError
from edge.frames import Event, Face, Frame, Grey
from edge.outputs import Outputs
from edge.pipeline import Pipeline
from edge.settings import Settings
from edge.tracker import FaceTracker
from edge.trigger import Trigger

SPARE_S = 2.0
"""What a clip is longer than it is looked at, for a start that takes long."""


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

    Args:
        seconds: how long it is looked at, once it is ready; it is stopped then.

    Returns:
        Seconds from the start of the process to the event of the first frame, its peak memory, that
        at the end, and its seconds of processor a second from the first frame on; decoding the clip
        is part of them.
    """
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "walking.avi"
        _record(WALKING, seconds + SPARE_S, clip)
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
            try:
                return _followed(process, started, seconds, clip)
            finally:
                process.terminate()


def _followed(
    process: subprocess.Popen[bytes], started: float, seconds: float, clip: Path
) -> dict[str, float]:
    if not process.stdout or b"face_found" not in process.stdout.readline():
        raise CameraError("smile-gate run: expected a face in the clip, got none", str(clip))
    ready = time.monotonic()
    cpu = cpu_s(process.pid)
    time.sleep(seconds)
    return {
        "ready_s": ready - started,
        "peak_memory_mb": memory_mb("VmHWM", process.pid),
        "steady_memory_mb": memory_mb("VmRSS", process.pid),
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


class PacedCamera:
    """A live camera that shows pictures without end at a pace.

    Args:
        pictures: what it shows.
        fps: how many a second.
    """

    live = True

    def __init__(self, pictures: Iterator[Grey], fps: float) -> None:
        self.fps = fps
        self._pictures = pictures
        self._index = 0
        self._due = time.monotonic()

    def read(self) -> Frame | None:
        grey = next(self._pictures)
        self._index += 1
        self._due = max(self._due + 1.0 / self.fps, time.monotonic() - 1.0)
        time.sleep(max(0.0, self._due - time.monotonic()))
        return Frame(self._index - 1, time.monotonic(), grey)

    def close(self) -> None:
        """Do nothing: nothing is open."""


class SceneCamera(PacedCamera):
    """A live camera, three times as fast as most, that shows a scene again and again."""

    fps = 100.0

    def __init__(self, scene: Scene, seconds: float) -> None:
        film = (scene.render(round(seconds * FPS)) for _ in itertools.count())
        pictures = (frame.grey for frame, _ in itertools.chain.from_iterable(film))
        super().__init__(pictures, self.fps)


class AgingTracker(FaceTracker):
    """Notes how old the oldest frame was when its judging began, in seconds."""

    oldest_s = 0.0

    def find(self, frame: Frame) -> tuple[Face, ...]:
        self.oldest_s = max(self.oldest_s, time.monotonic() - frame.time)
        return super().find(frame)


def endure(seconds: float) -> dict[str, float]:
    """Run the pipeline behind a fast live camera: people come and go, smile and fire.

    Returns:
        Frames, firings, frames dropped, the age of the oldest frame judged in frame times, and the
        resident memory after a tenth of the time and at the end.
    """
    Device.pin_factory = MockFactory(pin_class=ForgetfulPin)
    settings = Settings()
    outputs = Outputs(settings.outputs, lambda _: None)
    stop = threading.Event()
    camera = Capture(
        SceneCamera(COMING_AND_GOING, 10.0),
        lambda: SceneCamera(COMING_AND_GOING, 10.0),
        stall_s=10.0,
        stop=stop,
        tell=lambda _: None,
    )
    faces = AgingTracker(open_detector(settings.faces), settings.faces)
    fired: list[Event] = []
    pipeline = Pipeline(
        camera=camera,
        faces=faces,
        classifier=Classifier(load_bundle(Path(settings.model.bundle))),
        trigger=Trigger(settings.trigger),
        outputs=outputs,
        listen=lambda event: fired.append(event) if event.name == "fired" else None,
    )
    memory: list[float] = []
    timers = [
        threading.Timer(0.1 * seconds, lambda: memory.append(memory_mb("VmRSS"))),
        threading.Timer(seconds, stop.set),
    ]
    for timer in timers:
        timer.start()
    pipeline.run(stop)
    memory.append(memory_mb("VmRSS"))
    camera.close()
    outputs.close()
    Device.pin_factory = None
    return {
        "frames": pipeline.timings.frames,
        "firings": len(fired),
        "dropped": camera.dropped,
        "oldest_frame_times": faces.oldest_s * SceneCamera.fps,
        "early_mb": memory[0],
        "late_mb": memory[-1],
    }
