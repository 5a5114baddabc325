"""Whether ``smile-gate run`` always comes back: after starts and stops, reloads, losses of its
camera and kills; and what it writes and keeps in memory while nothing happens to it."""

from __future__ import annotations

import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Thread
from typing import IO, Any

from benchmarks.measure.footprint import memory_mb
from benchmarks.simulate.mjpeg_server import MjpegServer
from benchmarks.simulate.scenes import COMING_AND_GOING
from edge.cameras.capture import USUAL_TIMING
from edge.errors import StatusError
from edge.service.status_socket import SOCKET, ask

UNIT = Path(__file__).parents[2] / "systemd" / "smile-gate.service"
CONFIG = """
[camera]
source = "{source}"
[trigger]
threshold_on = {threshold_on}
[outputs.photo]
kind = "shutter"
pin = 17
"""


def directive(name: str) -> int:
    """Return a number that the unit gives systemd."""
    found = re.search(rf"^{name}=(\d+)$", UNIT.read_text(), re.MULTILINE)
    if found is None:
        raise LookupError(f"{UNIT}: expected {name}=NUMBER, got none")
    return int(found[1])


class Supervisor:
    """Holds a command as systemd holds the service: takes its word for when it is ready, kills it
    when its watchdog is not fed, and starts it again after each end that it was not asked for.

    Unlike systemd it does so at once instead of after ``RestartSec``, and after any number of ends,
    but not after ``GIVES_UP`` in a row without getting ready. There is no sandbox and no
    ``ExecStopPost``.

    Args:
        command: what to hold.
        folder: for its sockets.

    Attributes:
        ready: whether the process of now has said so.
        boots_s: how long each start took until it was ready.
        told: the last lines that it told the service manager.
        said: the last lines of its standard error.
    """

    GIVES_UP = 5
    POLL_S = 0.02

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._command = command
        self._watchdog_s: float = directive("WatchdogSec")
        self._patience_s = directive("TimeoutStartSec")
        self._stop_s = directive("TimeoutStopSec")
        self._final = directive("RestartPreventExitStatus")
        self._environment = {
            **os.environ,
            "GPIOZERO_PIN_FACTORY": "mock",
            "NOTIFY_SOCKET": str(folder / "notify"),
            "WATCHDOG_USEC": str(round(self._watchdog_s * 1e6)),
            "RUNTIME_DIRECTORY": str(folder),
        }
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "notify"))
        self._socket.settimeout(self.POLL_S)
        self._process: subprocess.Popen[str] | None = None
        self._in_vain = 0
        self.ready = False
        self.boots_s: list[float] = []
        self.told: deque[str] = deque(maxlen=100)
        self.said: deque[str] = deque(maxlen=20)

    @property
    def pid(self) -> int:
        """Of the process of now; 0 when there is none."""
        return self._process.pid if self._process is not None else 0

    @property
    def last_words(self) -> str:
        """The last line of the command's standard error."""
        return self.said[-1].strip() if self.said else "not a word"

    def start(self) -> bool:
        """Start the command, unless it runs; return whether it got ready."""
        if self._process is None:
            self._in_vain = 0
            self._spawn()
        return self.wait(lambda: self.ready)

    def stop(self) -> bool:
        """End the command by SIGTERM; return whether it ended well and in time."""
        process, self._process = self._process, None
        if process is None:
            return False
        process.terminate()
        try:
            return process.wait(self._stop_s) == 0
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return False

    def close(self) -> None:
        """End the command however it goes."""
        self.stop()
        self._socket.close()

    def send(self, number: signal.Signals) -> None:
        """Send the command a signal."""
        if self._process is not None:
            self._process.send_signal(number)

    def wait(self, done: Callable[[], bool], seconds: float | None = None) -> bool:
        """Hold the command until something is so; return False when it is not, within the seconds
        (default: as long as a start may take) or before the command is given up."""
        until = time.monotonic() + (self._patience_s if seconds is None else seconds)
        while not done():
            if self._process is None or time.monotonic() > until:
                return False
            self._hold(self._process)
        return True

    def _spawn(self) -> None:
        self._socket.setblocking(False)
        while self._heard():  # from the process before
            pass
        self._socket.settimeout(self.POLL_S)
        self.told.clear()
        self.ready = False
        self._started = self._fed = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603  (our own)
            self._command,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        Thread(target=self._listen, args=(self._process.stderr,), daemon=True).start()

    def _listen(self, stderr: IO[str]) -> None:
        with stderr:
            self.said.extend(stderr)

    def _heard(self) -> list[str]:
        try:
            return self._socket.recv(4096).decode().splitlines()
        except (TimeoutError, BlockingIOError):
            return []

    def _hold(self, process: subprocess.Popen[str]) -> None:
        """Hear what it tells, and act as systemd would if it has ended or hangs."""
        for line in self._heard():
            self.told.append(line)
            if line == "WATCHDOG=1":
                self._fed = time.monotonic()
            if line == "READY=1" and not self.ready:
                self.ready = True
                self._in_vain = 0
                self.boots_s.append(time.monotonic() - self._started)
        if self.ready and time.monotonic() - self._fed > self._watchdog_s:
            process.kill()
            process.wait()
        code = process.poll()
        if code is None:
            return
        self._in_vain += 1
        self._process, self.ready = None, False
        if code != self._final and self._in_vain < self.GIVES_UP:
            self._spawn()


class Trial:
    """A gate under a supervisor, with a camera in the network that can be lost and found again.

    Args:
        folder: for its configuration and sockets.
        command: instead of ``smile-gate run``.
    """

    FRAMES = 300
    ON, OTHER, BAD = 0.8, 0.81, 1.5
    SOON_S = 30.0
    """What does not come back within this long did not come back, beyond a start."""

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
        """Start the gate and stop it; return, like each of these, how long it took to come back, in
        seconds, None if it did not."""
        began = time.monotonic()
        if not self.gate.start():
            return None
        took = time.monotonic() - began
        return took if self.gate.stop() else None

    def reload(self, *, good: bool) -> float | None:
        """Reload settings that are to be taken, or to be refused: frames must go on."""
        self.gate.start()
        pid = self.gate.pid
        if good:
            self._threshold_on = self.OTHER if self._threshold_on == self.ON else self.ON
        self._configure(self._threshold_on if good else self.BAD)
        self.gate.told.clear()
        began = time.monotonic()
        self.gate.send(signal.SIGUSR1)
        expected = "STATUS=reloaded" if good else "STATUS=not reloaded"
        self.gate.wait(lambda: "READY=1" in self.gate.told, self.SOON_S)
        frames = self.frames()
        went_on = self.gate.wait(lambda: self.frames() > frames, self.SOON_S)
        took = time.monotonic() - began
        self._configure(self._threshold_on)
        as_expected = any(line.startswith(expected) for line in self.gate.told)
        return took if went_on and as_expected and self.gate.pid == pid else None

    def lose_camera(self, settled_s: float) -> float | None:
        """Lose the camera, after it was there for some seconds, and have it back: the process must
        be the same. The time counts from when the camera is there again."""
        self.gate.start()
        pid = self.gate.pid
        self.gate.wait(lambda: False, settled_s)
        self.gate.told.clear()
        self._camera.close()
        lost = self.gate.wait(lambda: self._told("STATUS="), self.SOON_S)
        self._camera = MjpegServer(self._pictures, self._camera.port)
        began = time.monotonic()
        back = self.gate.wait(lambda: self._told("STATUS=the camera is back"), self.SOON_S)
        took = time.monotonic() - began
        return took if lost and back and self.gate.pid == pid else None

    def kill(self) -> float | None:
        """Kill the gate: another process must get ready."""
        self.gate.start()
        pid = self.gate.pid
        began = time.monotonic()
        self.gate.send(signal.SIGKILL)
        back = self.gate.wait(lambda: self.gate.pid != pid and self.gate.ready)
        return time.monotonic() - began if back else None

    def steady(self, seconds: float) -> dict[str, float]:
        """Leave the gate alone.

        Returns:
            Seconds, frames, bytes sent to a disk (``write_bytes``) and to anything, log and
            sockets too (``wchar``), and resident memory at the begin and end; nothing if it ended.
        """
        if not self.gate.start():
            return {}
        self.gate.wait(lambda: False, min(10.0, seconds / 4))  # all that happens once has happened
        pid, frames = self.gate.pid, self.frames()
        counted, memory = _written(pid), memory_mb("VmRSS", pid)
        if self.gate.wait(lambda: self.gate.pid != pid, seconds):
            return {}
        now = _written(pid)
        return {
            "seconds": seconds,
            "frames": self.frames() - frames,
            **{name: now[name] - counted[name] for name in counted},
            "begin_mb": memory,
            "end_mb": memory_mb("VmRSS", pid),
        }

    def frames(self) -> int:
        """Return how many frames the gate has judged, by its own count; 0 if it does not say."""
        try:
            return int(ask(self._folder / SOCKET.name)["frames"])
        except StatusError:
            return 0

    def _told(self, start: str) -> bool:
        return any(line.startswith(start) for line in self.gate.told)

    def _configure(self, threshold_on: float) -> None:
        text = CONFIG.format(source=self._camera.url, threshold_on=threshold_on)
        self._config.write_text(text)


def _written(pid: int) -> dict[str, int]:
    """Return the kernel's count of what a process has written, in bytes."""
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    counted = dict(line.split(": ") for line in lines)
    return {name: int(counted[name]) for name in ("write_bytes", "wchar")}


def series(count: int, once: Callable[[int], float | None]) -> dict[str, Any]:
    """Do something many times.

    Args:
        count: how often.
        once: does it, given how often it was done before; returns the seconds that it took to
            come back, None if it did not.
    """
    took = [once(index) for index in range(count)]
    back = [seconds for seconds in took if seconds is not None]
    return {"came_back": len(back), "did_not": count - len(back), **_times(back)}


def _times(seconds: Sequence[float]) -> dict[str, float | None]:
    return {
        "median_s": statistics.median(seconds) if seconds else None,
        "longest_s": max(seconds, default=None),
    }


def _in_words(found: dict[str, Any]) -> str:
    if found["median_s"] is None:
        return "no times"
    return f"median {found['median_s']:.2f} s, longest {found['longest_s']:.2f} s"


def all_series(trial: Trial, *, quick: bool, minutes: float) -> dict[str, Any]:
    """Do all to a gate that may happen to it, and leave it alone; print each figure as it comes.

    Args:
        trial: with the gate.
        quick: a few times each, and half a minute.
        minutes: how long it is left alone.

    Returns:
        The figures of each series; ``boot``, ``steady``, and ``did_not``, how often it did not come
        back in all.
    """
    settled_s = 1.0 if quick else USUAL_TIMING.good_s + 1.0  # pauses between tries are short again
    ways: tuple[tuple[str, int, int, Callable[[int], float | None]], ...] = (
        ("starts and stops", 200, 4, lambda _: trial.start()),
        ("reloads, good and bad in turns", 50, 4, lambda index: trial.reload(good=index % 2 == 0)),
        ("losses of the camera", 20, 1, lambda _: trial.lose_camera(settled_s)),
        ("kill -9", 100, 3, lambda _: trial.kill()),
    )
    figures: dict[str, Any] = {"did_not": 0}
    for words, count, few, once in ways:
        figures[words] = found = series(few if quick else count, once)
        figures["did_not"] += found["did_not"]
        why = f" ({trial.gate.last_words})" if found["did_not"] else ""
        print(
            f"{words}: {found['came_back']} came back, {found['did_not']} did not{why}; "
            f"{_in_words(found)}"
        )
    figures["boot"] = _times(trial.gate.boots_s)
    print(
        f"from the process to READY=1: {_in_words(figures['boot'])}, "
        f"of {len(trial.gate.boots_s)} starts"
    )
    figures["steady"] = found = trial.steady(30.0 if quick else 60.0 * minutes)
    if not found:
        figures["did_not"] += 1
        print(f"left alone it ended: {trial.gate.last_words}")
        return figures
    print(
        f"left alone for {found['seconds'] / 60:g} minutes, {found['frames']:,} frames: "
        f"{found['write_bytes']:,} bytes written to a disk, {found['wchar']:,} to log and sockets; "
        f"resident memory {found['begin_mb']:.1f} MB, at the end {found['end_mb']:.1f} MB"
    )
    return figures
