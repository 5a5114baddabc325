"""What the device's program takes of a machine: time to start, memory, processor."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2

from benchmarks.processes import cpu_s, memory_mb
from benchmarks.simulate.scenes import FPS, WALKING, Scene
from edge.errors import CameraError

SPARE_S = 2.0
"""Of the clip, beyond the time that is measured: a start may take long."""


def measure_command(seconds: float, scene: Scene = WALKING) -> dict[str, float]:
    """Start ``smile-gate run`` on a clip of a scene with a face, in real time, with simulated pins;
    stop the command when it has been ready for some seconds.

    Returns:
        ``ready_s``, seconds from the start of the process to the first face's event;
        ``peak_memory_mb`` and ``steady_memory_mb``, at the end; ``cpu_per_s``, seconds of processor
        a second from then on, in which the clip is decoded too.

    Raises:
        CameraError: no face was found in the clip.
    """
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "walking.avi"
        _record(scene, seconds + SPARE_S, clip)
        started = time.monotonic()
        config = Path(folder) / "gate.toml"  # else it would be that of an installed gate
        config.write_text('[outputs.shutter]\nkind = "shutter"\npin = 17\n')
        command = ["edge.cli", "run", "--realtime", "--events=-", f"--source={clip}"]
        command.append(f"--config={config}")
        with subprocess.Popen(  # noqa: S603  (our own command)
            [sys.executable, "-m", *command],
            env={**os.environ, "GPIOZERO_PIN_FACTORY": "mock"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                return _measure(process, started, seconds, clip)
            finally:
                process.terminate()


def _measure(
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
