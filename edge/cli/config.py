"""``smile-gate config show``, ``check`` and ``explain``."""

from __future__ import annotations

import argparse

from edge.cli.console import Verbs
from edge.diagnose.files import find_missing
from edge.service import journal
from edge.settings.explain import explain, show
from edge.settings.load import load_configuration


def add_verbs(verbs: Verbs) -> None:
    """Add the verb, its acts and their arguments."""
    acts = verbs.group("config", "Show, check or explain the configuration.")
    acts.add("show", show_config)
    acts.add("check", check_config).add_argument(
        "--files", action="store_true", help="look for every file that it names, too"
    )
    parser = acts.add("explain", explain_config)
    parser.add_argument("key", nargs="?", default="", metavar="KEY", help="trigger.hold_s, trigger")


def show_config(options: argparse.Namespace) -> int:
    """Print every setting in force and where it comes from."""
    print("\n".join(show(load_configuration(options.config))))
    return 0


def check_config(options: argparse.Namespace) -> int:
    """Check a configuration without opening anything."""
    settings = load_configuration(options.config).settings
    missing = list(find_missing(settings)) if options.files else []
    for error in missing:
        journal.print_error(f"smile-gate: {error.at(origin=options.config or '')}")
    if missing:
        return 2
    names = ", ".join(settings.outputs) or "none"
    found = "; all files are there" if options.files else ""
    print(f"{options.config or 'without a file'}: good; outputs: {names}{found}")
    return 0


def explain_config(options: argparse.Namespace) -> int:
    """Print what a setting, or all of a section, means, may be and is."""
    print("\n".join(explain(options.key, load_configuration(options.config))))
    return 0
