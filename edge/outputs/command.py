"""A program of the user's choice, started at each firing."""

from __future__ import annotations

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

ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}


class Command(QueuedOutput):
    """Starts ``command`` without a shell, one at a time, with the event as one JSON line on its
    standard input. A firing that comes while it runs is dropped. It is killed, with what it started
    and did not put into a session of its own, after ``timeout_s`` and when the output is made safe.
    """

    QUEUE_SIZE = 0

    def __init__(
        self, name: str, settings: CommandSettings, listen: Listen, faults: Faults
    ) -> None:
        super().__init__(name, listen, faults)
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def handle(self, firing: Firing) -> None:
        program = self._settings.command[0]
        started = clock.monotonic()
        with tempfile.TemporaryFile() as stdin:  # a pipe could fill up
            stdin.write(self.fired(firing).stamped(firing.device).line())
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
