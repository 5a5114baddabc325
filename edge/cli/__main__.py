"""The entry of the ``smile-gate`` command: assembles the verbs and runs one."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path

from edge.cli import arming, classify, config, diagnose, outputs, run
from edge.cli.console import OneLineParser, Verbs, drop_stdout, silence_libraries
from edge.errors import SmileGateError, may_pass
from edge.service import journal
from edge.service.sd_notify import Notifier


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return the exit code: 0 done, 1 partly done, 2 refused or failed.

    Under a service manager, ``run`` returns 1 for a failure that may pass with another start, and
    2 for one that stays until somebody repairs it.
    """
    options = _make_parser().parse_args(arguments)
    if isinstance(sys.stdout, TextIOWrapper):  # file names may hold bytes that are no text
        sys.stdout.reconfigure(errors="backslashreplace")
    silence_libraries()
    journal.set_up(logging.DEBUG if options.verbose else logging.INFO)
    try:
        code: int = options.function(options)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of our output has gone, as in `| head`
        drop_stdout()
        return 1
    except (SmileGateError, OSError) as error:
        journal.print_error(f"smile-gate: {error}")
        if not isinstance(error, SmileGateError):  # the rest of the output may fail, too
            drop_stdout()
        served = options.verb == "run" and Notifier().managed
        return 1 if served and may_pass(error) else 2
    except KeyboardInterrupt:
        return 130
    return code


def _make_parser() -> OneLineParser:
    parser = OneLineParser(prog="smile-gate", description="Fires outputs when somebody smiles.")
    parser.add_argument("--version", action="version", version=version("smile-gate"))
    common = OneLineParser(add_help=False)
    common.add_argument("--config", type=Path, metavar="FILE", help="TOML configuration")
    common.add_argument("-v", "--verbose", action="store_true", help="log at level DEBUG")
    verbs = Verbs(parser, "verb", common)
    for family in (run, classify, outputs, arming, diagnose, config):
        family.add_verbs(verbs)
    return parser


if __name__ == "__main__":
    sys.exit(main())
