"""The log, on standard error; to the systemd journal each line goes with its priority."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Mapping
from types import TracebackType

PRIORITIES = {
    logging.DEBUG: 7,
    logging.INFO: 6,
    logging.WARNING: 4,
    logging.ERROR: 3,
    logging.CRITICAL: 2,
}
"""Those of syslog(3), which the journal reads off the begin of a line: sd-daemon(3)."""

log = logging.getLogger(__name__)


def is_read(environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether standard error is the journal's, as systemd.exec(5) says how."""
    try:
        stat = os.fstat(2)
    except OSError:  # closed by who started us
        return False
    return environment.get("JOURNAL_STREAM") == f"{stat.st_dev}:{stat.st_ino}"


def marked(words: str, level: int) -> str:
    """Return lines with their priority, each: the journal takes every line for itself."""
    return "\n".join(f"<{PRIORITIES.get(level, 6)}>{line}" for line in words.splitlines())


class JournalFormatter(logging.Formatter):
    """Marks lines with their priority. Their time is the journal's."""

    def format(self, record: logging.LogRecord) -> str:
        return marked(super().format(record), record.levelno)


def set_up(level: int) -> None:
    """Send the log to standard error, from a level on; and if that is the journal's, what Python
    says of an exception that nobody caught."""
    handler = logging.StreamHandler(sys.stderr)
    if is_read():
        handler.setFormatter(JournalFormatter("%(message)s"))
        sys.excepthook = _log_uncaught
        threading.excepthook = lambda args: _log_uncaught(
            args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
        )
    logging.basicConfig(level=level, format="%(message)s", handlers=[handler])


def _log_uncaught(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    log.critical("unforeseen", exc_info=(kind, error, traceback))


def complain(words: str) -> None:
    """Say the one line that a failure is told by."""
    print(marked(words, logging.ERROR) if is_read() else words, file=sys.stderr)
