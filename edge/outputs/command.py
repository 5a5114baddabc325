"""A program of the user's choice, started at each firing."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import tempfile
import time as clock
from contextlib import suppress

from edge.outputs.faults import Faults, Listen
from edge.outputs.output import Firing
from edge.outputs.queued_output import QueuedOutput
from edge.settings import CommandSettings
from edge.values import Event

log = logging.getLogger(__name__)

ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}


class Command(QueuedOutput):
    """Starts ``command`` without a shell, one at a time, with the event as one JSON line on its
    standard input. A firing that comes while it runs is dropped; other events wait. It is
    killed, with what it started and did not put into a session of its own, after ``timeout_s`` and
    when the output is made safe.
    """

    QUEUE_SIZE = 0
    WAITING_EVENTS = 100
    """How many events other than firings may wait; more are dropped."""

    def __init__(
        self, name: str, settings: CommandSettings, listen: Listen, faults: Faults
    ) -> None:
        super().__init__(name, listen, faults)
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
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
            stdin.write((firing.event or self.fired(firing)).line())
            stdin.seek(0)
            try:
                with self.activation():
                    self._process = process = subprocess.Popen(  # noqa: S603  (the user's own)
                        self._settings.command,
                        stdin=stdin,
                        stdout=subprocess.DEVNULL,
                        env=ENVIRONMENT | self._settings.environment,
                        start_new_session=True,
                    )
            except OSError as error:
                raise self.error(f"{program} to start", error.strerror or "") from error
        in_time = True
        try:
            process.wait(self._settings.timeout_s)
        except subprocess.TimeoutExpired:
            in_time = False
        with self._lock:
            if process.returncode is None:
                self.off()
                process.wait()
            self._process = None
        length_s = round(clock.monotonic() - started, 4)
        self.send_event("released", firing, length_s=length_s, exit_code=process.returncode)
        self.check_not_interrupted()
        if not in_time:
            within = f"{program} to end within {self._settings.timeout_s:g} s"
            raise self.error(within, "no end: killed")
        if process.returncode:
            raise self.error(f"{program} to end with code 0", str(process.returncode))

    def off(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
