"""The arguments of the ``smile-gate`` command."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from edge.cameras.source import KINDS
from edge.cli.console import OneLineParser
from edge.service.status_socket import SOCKET


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0.0 <= seconds <= 3600.0:
        raise argparse.ArgumentTypeError(f"expected seconds from 0 to 3600, got {text!r}")
    return seconds


Verb = Callable[[argparse.Namespace], int]


def make_parser(verbs: Mapping[str, Verb]) -> OneLineParser:
    """Return the parser of the command line; it puts the verb into ``verb``.

    Args:
        verbs: by name, a verb with acts as "config show"; their docstrings are the help.
    """
    parser = OneLineParser(prog="smile-gate", description="Fires outputs when somebody smiles.")
    parser.add_argument("--version", action="version", version=version("smile-gate"))
    common = OneLineParser(add_help=False)
    common.add_argument("--config", type=Path, metavar="FILE", help="TOML configuration")
    common.add_argument("-v", "--verbose", action="store_true", help="log at level DEBUG")

    def add(subparsers: Any, name: str, about: str | None) -> OneLineParser:
        added: OneLineParser = subparsers.add_parser(
            name, parents=[common], help=about, description=about
        )
        return added

    subparsers = parser.add_subparsers(dest="verb", required=True, parser_class=OneLineParser)

    verb = add(subparsers, "run", verbs["run"].__doc__)
    verb.add_argument(
        "--source",
        metavar="SPEC",
        help=f"instead of the configuration's camera.source: {KINDS}",
    )
    verb.add_argument(
        "--events", metavar="PATH", help="append events as JSON lines to a file; - is stdout"
    )
    verb.add_argument(
        "--realtime", action="store_true", help="play a recorded source at its own pace"
    )

    verb = add(subparsers, "classify", verbs["classify"].__doc__)
    verb.add_argument("paths", nargs="+", metavar="PATH", help="image or folder")
    verb.add_argument("--json", action="store_true", help="one JSON object a line")
    verb.add_argument(
        "--whole-image", action="store_true", help="images are face crops: skip the detector"
    )

    verb = add(subparsers, "fire", verbs["fire"].__doc__)
    verb.add_argument("name", metavar="NAME", help="the output's name in the configuration")

    verb = add(subparsers, "safe", verbs["safe"].__doc__)

    verb = add(subparsers, "calibrate", verbs["calibrate"].__doc__)
    verb.add_argument("--source", metavar="SPEC", help=f"instead of camera.source: {KINDS}")
    verb.add_argument(
        "--seconds", type=_seconds, default=5.0, help="length of either part (default 5)"
    )
    verb.add_argument(
        "--pause", type=_seconds, default=2.0, help="seconds between the parts (default 2)"
    )
    verb.add_argument(
        "--write", action="store_true", help="put the thresholds into the configuration file"
    )

    verb = add(subparsers, "replay", verbs["replay"].__doc__)
    verb.add_argument("clip", metavar="CLIP", help="a recorded source, as for run")
    verb.add_argument(
        "--truth",
        type=Path,
        required=True,
        metavar="FILE",
        help='JSON: {"smiles": [[start, end], ...]} in seconds',
    )
    verb.add_argument(
        "--within",
        type=_seconds,
        default=1.0,
        help="seconds after a smile's start in which a firing is its hit (default 1)",
    )
    verb.add_argument("--json", action="store_true", help="one JSON object")

    verb = add(subparsers, "cameras", verbs["cameras"].__doc__)

    for name in ("status", "doctor"):
        verb = add(subparsers, name, verbs[name].__doc__)
        verb.add_argument("--json", action="store_true", help="as JSON")
        verb.add_argument(
            "--socket",
            type=Path,
            default=SOCKET,
            metavar="PATH",
            help=f"where the running gate answers (default {SOCKET})",
        )

    # Each of the three is a verb of its own, so its defaults say which.
    about = "Show, check or explain the configuration."
    config = subparsers.add_parser("config", help=about, description=about)
    acts = config.add_subparsers(dest="act", required=True, parser_class=OneLineParser)
    for act in ("show", "check", "explain"):
        verb = add(acts, act, verbs[f"config {act}"].__doc__)
        verb.set_defaults(verb=f"config {act}")
    verb.add_argument("key", nargs="?", default="", metavar="KEY", help="trigger.hold_s, trigger")
    return parser
