"""Sets up the log on standard error; for the systemd journal, each line carries its priority."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Mapping

PRIORITIES = {
    logging.DEBUG: 7,
    logging.INFO: 6,
    logging.WARNING: 4,
    logging.ERROR: 3,
    logging.CRITICAL: 2,
}
"""The numbers of syslog(3), which the journal reads from the start of a line: sd-daemon(3)."""

log = logging.getLogger(__name__)


def is_journal(environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether standard error goes to the journal: see systemd.exec(5), ``JOURNAL_STREAM``."""
    try:
        stat = os.fstat(2)
    except OSError:  # the parent process closed it
        return False
    return environment.get("JOURNAL_STREAM") == f"{stat.st_dev}:{stat.st_ino}"


def with_priority(words: str, level: int) -> str:
    """Return each line with the priority before it: the journal stores line by line."""
    return "\n".join(f"<{PRIORITIES.get(level, 6)}>{line}" for line in words.splitlines())


class JournalFormatter(logging.Formatter):
    """Puts the priority before each line; the journal adds the time."""

    def format(self, record: logging.LogRecord) -> str:
        return with_priority(super().format(record), record.levelno)


def set_up(level: int) -> None:
    """Send the log to standard error, from a level on; if that goes to the journal, uncaught
    exceptions are logged too."""
    handler = logging.StreamHandler(sys.stderr)
    if is_journal():
        handler.setFormatter(JournalFormatter("%(message)s"))
        sys.excepthook = lambda _kind, error, _traceback: _log_uncaught(error)
        threading.excepthook = lambda args: _log_uncaught(args.exc_value or args.exc_type())
    logging.basicConfig(level=level, format="%(message)s", handlers=[handler])


def _log_uncaught(error: BaseException) -> None:
    log.critical("unforeseen", exc_info=error)


def in_one_line(words: str) -> str:
    """Return a text with line breaks and all else that is not printable as escapes: file names may
    hold them, and a terminal obeys some."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in words
    )


def print_error(words: str) -> None:
    """Print the one line that a command fails with."""
    line = in_one_line(words)
    print(with_priority(line, logging.ERROR) if is_journal() else line, file=sys.stderr)
