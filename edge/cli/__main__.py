"""The entry of the ``smile-gate`` command."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper

from edge.cli.classify import classify
from edge.cli.config import check_config, explain_config, show_config
from edge.cli.console import drop_stdout, silence_libraries
from edge.cli.diagnose import calibrate, cameras, doctor, replay
from edge.cli.outputs import fire, safe
from edge.cli.parser import make_parser
from edge.cli.run import run, status
from edge.errors import SmileGateError, may_pass
from edge.service import journal
from edge.service.sd_notify import Notifier


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return the exit code: 0 done, 1 partly done, 2 refused or failed.

    A service manager is told the two kinds of failure apart: 1 is one that another start may be
    spared, 2 one that stays until somebody mends it.
    """
    options = make_parser(VERBS).parse_args(arguments)
    if isinstance(sys.stdout, TextIOWrapper):  # file names may hold bytes that are no text
        sys.stdout.reconfigure(errors="backslashreplace")
    silence_libraries()
    journal.set_up(logging.DEBUG if options.verbose else logging.INFO)
    try:
        code = VERBS[options.verb](options)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of our output has gone, as in `| head`
        drop_stdout()
        return 1
    except (SmileGateError, OSError) as error:
        journal.print_error(f"smile-gate: {error}")
        if not isinstance(error, SmileGateError):  # what is left to write may fail as this did
            drop_stdout()
        served = options.verb == "run" and Notifier().managed
        return 1 if served and may_pass(error) else 2
    except KeyboardInterrupt:
        return 130
    return code


VERBS: dict[str, Callable[[argparse.Namespace], int]] = {
    "run": run,
    "classify": classify,
    "fire": fire,
    "safe": safe,
    "calibrate": calibrate,
    "replay": replay,
    "cameras": cameras,
    "status": status,
    "doctor": doctor,
    "config show": show_config,
    "config check": check_config,
    "config explain": explain_config,
}


if __name__ == "__main__":
    sys.exit(main())
