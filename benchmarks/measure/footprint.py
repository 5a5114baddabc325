"""What the device's program takes of a machine: time to start, memory, processor."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2

from benchmarks.simulate.scenes import FPS, WALKING, Scene
from edge.errors import CameraError

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
