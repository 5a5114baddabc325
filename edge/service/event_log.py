"""Events for programs (one JSON object a line) and for people (the log)."""

from __future__ import annotations

import errno
import logging
import os
import queue
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from edge.errors import TelemetryError
from edge.values import Event, EventName

log = logging.getLogger(__name__)

SENTENCES: Mapping[EventName, str] = {
    "face_found": "face {face} found",
    "face_lost": "face {face} lost",
    "smile_on": "face {face} smiles",
    "smile_off": "face {face} smiles no more",
    "countdown": "{output} fires in {delay_s:g} s",
    "cancelled": "{output} does not fire: {reason}",
    "fired": "{output} fired{gpio}",
    "released": "{output} released{gpio} after {length_s:.3f} s",
    "saved": "{output} saved {file}{best}",
    "fault": "fault: {reason}",
    "fault_over": "fault over: {subject}",
    "camera_lost": "camera lost: {reason}",
    "camera_back": "camera back",
    "armed": "armed{until}",
    "disarmed": "disarmed by {by}{until}",
}


class EventWriter:
    """Writes each event as a line ``{"time": seconds, "event": NAME, ...}`` from a thread of its
    own.

    A reader that has gone, a reader that is ``queued`` events behind, or a full disk ends the
    writing with one warning; the pipeline goes on.

    Args:
        path: a file to append to, or ``-`` for standard output.
        queued: how many events may wait to be written.
        stall_s: ``close`` waits for a slow reader, but not for one that reads nothing for this
            long, in seconds.

    Raises:
        TelemetryError: the file can't be opened for writing, or is a pipe that nobody reads.
    """

    def __init__(self, path: str, *, queued: int = 10_000, stall_s: float = 1.0) -> None:
        self._path = path
        self._stall_s = stall_s
        # A descriptor of its own, without buffers: nobody else waits for a write that hangs.
        if path == "-":
            self._file = os.dup(sys.stdout.fileno())
        else:
            try:
                # A pipe without a reader is refused at once instead of waited for.
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK
                self._file = os.open(path, flags, 0o640)
                os.set_blocking(self._file, True)
                if _is_cut_short(path):
                    os.write(self._file, b"\n")
            except OSError as error:
                unread = error.errno == errno.ENXIO
                raise TelemetryError(
                    f"--events {path}: expected a file to write to, "
                    f"got: {'a pipe that nobody reads' if unread else error.strerror}"
                ) from error
        self._lines: queue.Queue[bytes | None] = queue.Queue(queued)
        self._ended = False
        self._thread = threading.Thread(target=self._write, name="events", daemon=True)
        self._thread.start()

    def __call__(self, event: Event) -> None:
        if self._ended:
            return
        try:
            self._lines.put_nowait(event.line())
        except queue.Full:
            self._end(f"its reader is {self._lines.maxsize} events behind")

    def close(self) -> None:
        """Write the waiting events, as long as the reader takes them; standard output stays
        open."""
        if not self._ended:
            self._lines.put(None)
        while self._thread.is_alive():
            left = self._lines.qsize()
            self._thread.join(self._stall_s)
            if self._lines.qsize() == left:
                break
        self._ended = True

    def _write(self) -> None:
        try:
            while (line := self._lines.get()) is not None and not self._ended:
                while line:
                    line = line[os.write(self._file, line) :]
        except OSError as error:
            self._end(error.strerror or str(error))
        finally:
            os.close(self._file)

    def _end(self, why: str) -> None:
        self._ended = True
        log.warning("--events %s: writing ended: %s", self._path, why)


def _is_cut_short(path: str) -> bool:
    """Tell whether the last line of a file has no end, as after a power cut."""
    if not Path(path).stat().st_size:  # or a pipe
        return False
    with suppress(PermissionError), Path(path).open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() != b"\n"
    return False


def log_event(event: Event, *, timed: bool = True) -> None:
    """Log an event as a sentence, at level WARNING for ``fault`` and ``camera_lost``, else INFO.

    Args:
        event: the event.
        timed: begin with the event's time in seconds, for a log without times.
    """
    if event.facts.get("fault") == "camera":  # logged as camera_lost and camera_back
        return
    level = logging.WARNING if event.name in {"fault", "camera_lost"} else logging.INFO
    time = f"{event.time:9.2f} s  " if timed else ""
    log.log(level, "%s%s", time, describe(event))


def describe(event: Event) -> str:
    """Return an event as a short sentence."""
    facts = event.facts
    level = "active" if event.name == "fired" else "safe"
    best = "{best_of} frames, {after_s:.2f} s after the firing"
    words = {
        **facts,
        "gpio": f": GPIO {facts['pin']} {level}" if "pin" in facts else "",
        "best": f", the best of {best.format(**facts)}" if "best_of" in facts else "",
        "subject": facts.get("output", facts.get("fault")),
        "until": until(facts),
    }
    return SENTENCES[event.name].format(**words)


def until(facts: Mapping[str, Any]) -> str:
    """Return `` until`` and the local time that facts say by this key; empty if they say none."""
    moment = facts.get("until")
    return f" until {datetime.fromisoformat(moment):%Y-%m-%d %H:%M}" if moment else ""
