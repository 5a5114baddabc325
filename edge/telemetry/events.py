"""Events for programs (one JSON object a line) and for people (the log)."""

from __future__ import annotations

import json
import logging
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from edge.errors import TelemetryError
from edge.frames import Event, EventName
from edge.quiet import drop_stdout

log = logging.getLogger(__name__)


class EventWriter:
    """Writes each event as a line ``{"time": seconds, "event": NAME, ...}`` and flushes it.

    A reader that has gone, or a full disk, ends the writing with one warning; the pipeline goes
    on.

    Args:
        path: a file to append to, or ``-`` for standard output.

    Raises:
        TelemetryError: the file can't be opened for writing.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._file: TextIO | None = sys.stdout
        if path != "-":
            try:
                self._file = Path(path).open("a", encoding="utf-8")  # noqa: SIM115
            except OSError as error:
                raise TelemetryError(
                    f"--events {path}: expected a file to write to, got: {error.strerror}"
                ) from error

    def __call__(self, event: Event) -> None:
        line = json.dumps({"time": round(event.time, 4), "event": event.name, **event.facts})
        with self._lock:
            if self._file is None:
                return
            try:
                self._file.write(line + "\n")
                self._file.flush()
            except OSError as error:
                log.warning("--events %s: writing ended: %s", self._path, error.strerror)
                if self._file is sys.stdout:
                    drop_stdout()
                else:
                    with suppress(OSError):  # it tries once more to write what is left
                        self._file.close()
                self._file = None

    def close(self) -> None:
        """Close the file; standard output stays open."""
        with self._lock:
            if self._file is not None and self._file is not sys.stdout:
                self._file.close()
            self._file = None


SENTENCES: dict[EventName, str] = {
    "face_found": "face {face} found",
    "face_lost": "face {face} lost",
    "smile_on": "face {face} smiles",
    "smile_off": "face {face} smiles no more",
    "fired": "{output} fired: GPIO {pin} active",
    "released": "{output} released: GPIO {pin} safe after {length_s:.3f} s",
    "camera_lost": "camera lost",
    "camera_back": "camera back",
}


def log_event(event: Event) -> None:
    """Say an event in words, at level INFO."""
    log.info("%9.2f s  %s", event.time, SENTENCES[event.name].format_map(event.facts))
