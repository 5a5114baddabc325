"""Whether ``smile-gate run`` always comes back: after starts and stops, reloads, losses of its
camera and kills; and what it writes and keeps in memory while nothing happens to it."""

from __future__ import annotations

import signal
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.processes import memory_mb
from benchmarks.reliability.supervisor import Supervisor
from benchmarks.simulate.mjpeg_server import MjpegServer
from benchmarks.simulate.scenes import COMING_AND_GOING
from edge.errors import StatusError
from edge.service.status_socket import SOCKET, ask

CONFIG = """
[camera]
source = "{source}"
[trigger]
threshold_on = {threshold_on}
[outputs.photo]
kind = "shutter"
pin = 17
"""


class Trial:
    """A gate under a supervisor, with a camera in the network that can be lost and come back.

    Args:
        folder: for the gate's configuration and sockets.
        command: of the gate, instead of ``smile-gate run``.
    """

    FRAMES = 300
    ON, OTHER, BAD = 0.8, 0.81, 1.5
    SOON_S = 30.0
    """A gate that is not back within this time, in seconds, did not come back; starts may take
    longer."""

    def __init__(self, folder: Path, command: Sequence[str] = ()) -> None:
        self._folder = folder
        self._config = folder / "service.toml"
        self._pictures = [frame.grey for frame, _ in COMING_AND_GOING.render(self.FRAMES)]
        self._camera = MjpegServer(self._pictures)
        self._threshold_on = self.ON
        self._configure(self.ON)
        run = [sys.executable, "-m", "edge.cli", "run", "--config", str(self._config)]
        self.gate = Supervisor(command or run, folder)

    def close(self) -> None:
        """End the gate and its camera."""
        self.gate.close()
        self._camera.close()

    def start(self) -> float | None:
        """Start the gate and stop it; return, as the other tries do, the seconds until the gate was
        back, None if it did not come back."""
        began = time.monotonic()
        ready = self.gate.start()
        took = time.monotonic() - began
        return took if ready and self.gate.stop() else None

    def reload(self, *, good: bool) -> float | None:
        """Reload settings that are good, or must be refused: the same process must go on with
        frames."""
        self.gate.start()
        pid = self.gate.pid
        if good:
            self._threshold_on = self.OTHER if self._threshold_on == self.ON else self.ON
        self._configure(self._threshold_on if good else self.BAD)
        self.gate.notifications.clear()
        began = time.monotonic()
        self.gate.send(signal.SIGUSR1)
        expected = "STATUS=reloaded" if good else "STATUS=not reloaded"
        self.gate.wait(lambda: "READY=1" in self.gate.notifications, self.SOON_S)
        frames = self.frames()
        went_on = self.gate.wait(lambda: self.frames() > frames, self.SOON_S)
        took = time.monotonic() - began
        self._configure(self._threshold_on)
        as_expected = self._notified(expected)
        return took if went_on and as_expected and self.gate.pid == pid else None

    def lose_camera(self, settled_s: float) -> float | None:
        """Take the camera away after some seconds, and bring it back: the process must be the same.
        The time counts from the camera's return."""
        self.gate.start()
        pid = self.gate.pid
        self.gate.wait(lambda: False, settled_s)
        self.gate.notifications.clear()
        self._camera.close()
        lost = self.gate.wait(lambda: self._notified("STATUS="), self.SOON_S)
        self._camera = MjpegServer(self._pictures, self._camera.port)
        began = time.monotonic()
        back = self.gate.wait(lambda: self._notified("STATUS=the camera is back"), self.SOON_S)
        took = time.monotonic() - began
        return took if lost and back and self.gate.pid == pid else None

    def kill(self) -> float | None:
        """Kill the gate: another process must become ready."""
        self.gate.start()
        pid = self.gate.pid
        began = time.monotonic()
        self.gate.send(signal.SIGKILL)
        back = self.gate.wait(lambda: self.gate.pid != pid and self.gate.ready)
        return time.monotonic() - began if back else None

    def steady(self, seconds: float) -> dict[str, float]:
        """Leave the gate alone.

        Returns:
            Seconds, frames, bytes written to a disk (``write_bytes``) and to anything, log and
            sockets too (``wchar``), and resident memory at the beginning and end; empty if the gate
            ended.
        """
        if not self.gate.start():
            return {}
        self.gate.wait(lambda: False, min(10.0, seconds / 4))  # what happens only once is over
        pid, frames = self.gate.pid, self.frames()
        before, memory = _written(pid), memory_mb("VmRSS", pid)
        if self.gate.wait(lambda: self.gate.pid != pid, seconds):
            return {}
        now = _written(pid)
        return {
            "seconds": seconds,
            "frames": self.frames() - frames,
            **{name: now[name] - before[name] for name in before},
            "begin_mb": memory,
            "end_mb": memory_mb("VmRSS", pid),
        }

    def frames(self) -> int:
        """Return the gate's own count of processed frames; 0 if it does not answer."""
        try:
            return int(ask(self._folder / SOCKET.name)["frames"])
        except StatusError:
            return 0

    def _notified(self, start: str) -> bool:
        return any(line.startswith(start) for line in self.gate.notifications)

    def _configure(self, threshold_on: float) -> None:
        text = CONFIG.format(source=self._camera.url, threshold_on=threshold_on)
        self._config.write_text(text)


def _written(pid: int) -> dict[str, int]:
    """Return the kernel's counts of bytes that a process has written."""
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    counts = dict(line.split(": ") for line in lines)
    return {name: int(counts[name]) for name in ("write_bytes", "wchar")}


def series(count: int, attempt: Callable[[int], float | None]) -> dict[str, Any]:
    """Make attempts: each gets its index, and returns the seconds until the gate was back, None if
    it did not come back."""
    times = [attempt(index) for index in range(count)]
    back = [seconds for seconds in times if seconds is not None]
    return {"came_back": len(back), "did_not": count - len(back), **durations(back)}


def durations(seconds: Sequence[float]) -> dict[str, float | None]:
    """Return the median and the longest of durations; None without any."""
    return {
        "median_s": statistics.median(seconds) if seconds else None,
        "longest_s": max(seconds, default=None),
    }
