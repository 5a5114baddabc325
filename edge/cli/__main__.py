"""The entry of the ``smile-gate`` command. It imports little, as the rest takes seconds on a small
board: until then Ctrl-C and closed standard streams need an answer, too."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return the exit code: 0 done, 1 partly done, 2 refused or failed, 130 ended by
    Ctrl-C.

    Under a service manager, ``run`` returns 1 for a failure that may pass with another start, and
    2 for one that stays until somebody repairs it.
    """
    _replace_closed_streams()
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # it may be ignored, as by nohup
        signal.signal(signal.SIGINT, _interrupt)
    try:
        from edge.cli.command import run_verb

        return run_verb(arguments)
    except KeyboardInterrupt:
        return 130
    finally:
        signal.signal(signal.SIGINT, before)


def _interrupt(_: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, but end the process while it imports a module: modules in C turn the
    exception into an ImportError, which would be reported as a missing package."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            os._exit(130)
        frame = frame.f_back
    raise KeyboardInterrupt


def _replace_closed_streams() -> None:
    """Open the null device for each standard stream that is closed, or the next file to be opened
    would have its number, and get what libraries print."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115  (stays open)


if __name__ == "__main__":
    sys.exit(main())
