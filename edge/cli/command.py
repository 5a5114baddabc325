"""Assembles the verbs of the ``smile-gate`` command and runs one."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from importlib.metadata import version
from io import TextIOWrapper

from edge.cli import arming, classify, config, diagnose, look, outputs, run
from edge.cli.console import OneLineParser, Verbs, drop_stdout, path, silence_libraries
from edge.errors import SmileGateError, may_pass
from edge.service import journal
from edge.service.sd_notify import Notifier
from edge.settings import load
from edge.settings.load import installed_file


def run_verb(arguments: Sequence[str] | None) -> int:
    """Run one verb; return the exit code, as ``main`` does."""
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
    return code


def _make_parser() -> OneLineParser:
    parser = OneLineParser(prog="smile-gate", description="Fires outputs when somebody smiles.")
    parser.add_argument("--version", action="version", version=version("smile-gate"))
    common = OneLineParser(add_help=False)
    common.add_argument(
        "--config",
        type=path,
        default=installed_file(),
        metavar="FILE",
        help=f"TOML configuration (default: {load.INSTALLED}, if it is there)",
    )
    common.add_argument("-v", "--verbose", action="store_true", help="log at level DEBUG")
    verbs = Verbs(parser, "verb", common)
    for family in (run, classify, outputs, arming, diagnose, look, config):
        family.add_verbs(verbs)
    return parser
