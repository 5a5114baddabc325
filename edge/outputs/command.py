"""A program of the user's choice, started at each firing."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import subprocess
import tempfile
import time as clock
from contextlib import suppress
from pathlib import Path

from edge.outputs.faults import Faults, Listen
from edge.outputs.output import Firing
from edge.outputs.queued_output import QueuedOutput
from edge.settings import CommandSettings
from edge.values import Event

log = logging.getLogger(__name__)

ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}


MARK = "SMILE_GATE_FIRING"
"""The variable by which a firing's processes are recognized, with a random value for each firing.
"""


class Command(QueuedOutput):
    """Starts ``command`` without a shell, one at a time, with the event as one JSON line on its
    standard input. A firing that comes while it runs is dropped; other events wait. It runs until
    all that it has started has ended. After ``timeout_s``, and when the output is made safe, all of
    it is killed.
    """

    QUEUE_SIZE = 0
    WAITING_EVENTS = 100
    """How many events other than firings may wait; more are dropped."""
    POLL_S = 0.2
    """How often children that outlive the program are looked for."""
    ROUNDS = 20
    """How often processes are looked for at most until no new ones are there to be killed."""

    def __init__(
        self, name: str, settings: CommandSettings, listen: Listen, faults: Faults
    ) -> None:
        super().__init__(name, listen, faults)
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._mark = ""  # in the environment of what the process starts
        self.start()

    def fire(self, firing: Firing) -> bool:
        return "fired" in self._settings.on and super().fire(firing)

    def hear(self, event: Event) -> None:
        if event.name not in self._settings.on or self._is_known(event):
            return
        with self._lock:
            if self._stopped:
                return
            if len(self._queue) >= self.WAITING_EVENTS:
                log.warning("outputs.%s: still busy, %s is dropped", self.name, event.name)
                return
            self._queue.append(Firing(event.time, None, None, clock.monotonic(), event=event))
            self._lock.notify_all()

    def _is_known(self, event: Event) -> bool:
        """Tell whether a fault is the command's own, or the camera's loss, which it hears of by
        that name."""
        lost = event.facts.get("fault") == "camera" and "camera_lost" in self._settings.on
        return event.name == "fault" and (lost or event.facts.get("output") == self.name)

    def handle(self, firing: Firing) -> None:
        program = self._settings.command[0]
        started = clock.monotonic()
        with tempfile.TemporaryFile() as stdin:  # a pipe could fill up
            event = firing.event or self.fired(firing).stamped(firing.device)
            stdin.write(event.line())
            stdin.seek(0)
            try:
                with self.activation():
                    self._mark = secrets.token_hex(8)
                    self._process = process = subprocess.Popen(  # noqa: S603  (the user's own)
                        self._settings.command,
                        stdin=stdin,
                        stdout=subprocess.DEVNULL,
                        env=ENVIRONMENT | self._settings.environment | {MARK: self._mark},
                        start_new_session=True,
                    )
            except OSError as error:
                raise self.error(f"{program} to start", str(error.strerror)) from error
        with suppress(subprocess.TimeoutExpired):
            process.wait(self._settings.timeout_s)
        with self._lock:
            in_time = self._all_end(started + self._settings.timeout_s)
            if not in_time:
                self.off()
            process.wait()
            self._process = None
        length_s = round(clock.monotonic() - started, 4)
        self.send_event("released", firing, length_s=length_s, exit_code=process.returncode)
        self.check_not_interrupted()
        if not in_time:
            within = f"{program} to end within {self._settings.timeout_s:g} s"
            who = "no end" if process.returncode == -signal.SIGKILL else "children that go on"
            raise self.error(within, f"{who}: killed")
        if process.returncode:
            raise self.error(f"{program} to end with code 0", str(process.returncode))

    def _all_end(self, until: float) -> bool:
        """Wait until the program and its children have ended; False if some have not by then."""
        while self._processes():
            seconds = until - clock.monotonic()
            if seconds <= 0.0 or self.interrupted:
                return False
            self._lock.wait(min(seconds, self.POLL_S))
        return True

    def off(self) -> None:
        if self._process is None:
            return
        killed: set[int] = set()
        for _ in range(self.ROUNDS):  # a process may start another before it is killed
            found = self._processes() - killed  # before its parent is killed, which leads to it
            if self._process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            if not found:
                return
            for process in found:
                with suppress(OSError):
                    os.kill(process, signal.SIGKILL)
            killed |= found

    def _processes(self) -> set[int]:  # pragma: no mutate block, or it may kill all that runs
        """Return the ids of the living processes that this firing has started."""
        mark = f"{MARK}={self._mark}".encode()
        parents: dict[int, int] = {}
        found: set[int] = set()
        for folder in Path("/proc").iterdir():
            if not folder.name.isdecimal():
                continue
            process = int(folder.name)
            try:
                status = (folder / "stat").read_bytes().rpartition(b")")[2].split()
                if status[0] == b"Z":  # it has ended
                    continue
                parents[process] = int(status[1])
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.add(process)
            except OSError:  # it has ended meanwhile, or is another user's
                continue
        program = self._process
        if program is not None and program.returncode is None and program.pid in parents:
            found.add(program.pid)
        new = found
        while new:
            new = {process for process, parent in parents.items() if parent in new} - found
            found |= new
        return found
