"""Events for programs (one JSON object a line) and for people (the log)."""

from __future__ import annotations

import json
import logging
import sys
import threading
from pathlib import Path
from typing import TextIO

from edge.errors import TelemetryError
from edge.frames import Event

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
                self._file = None
                log.warning("--events %s: writing ended: %s", self._path, error.strerror)

    def close(self) -> None:
        """Close the file; standard output stays open."""
        with self._lock:
            if self._file is not None and self._file is not sys.stdout:
                self._file.close()
            self._file = None


def log_event(event: Event) -> None:
    """Say an event in words, at level INFO."""
    facts = ", ".join(f"{key} {value}" for key, value in event.facts.items())
    log.info("%8.2f s  %-10s %s", event.time, event.name.replace("_", " "), facts)
