"""``smile-gate config show``, ``check`` and ``explain``."""

from __future__ import annotations

import argparse

from edge.cli.console import Verbs
from edge.settings.explain import explain, show
from edge.settings.load import load_configuration


def add_verbs(verbs: Verbs) -> None:
    """Add the verb, its acts and their arguments."""
    acts = verbs.group("config", "Show, check or explain the configuration.")
    acts.add("show", show_config)
    acts.add("check", check_config)
    parser = acts.add("explain", explain_config)
    parser.add_argument("key", nargs="?", default="", metavar="KEY", help="trigger.hold_s, trigger")


def show_config(options: argparse.Namespace) -> int:
    """Print every setting in force and where it comes from."""
    print("\n".join(show(load_configuration(options.config))))
    return 0


def check_config(options: argparse.Namespace) -> int:
    """Check a configuration without opening anything."""
    configuration = load_configuration(options.config)
    names = ", ".join(configuration.settings.outputs) or "none"
    print(f"{options.config or 'without a file'}: good; outputs: {names}")
    return 0


def explain_config(options: argparse.Namespace) -> int:
    """Print what a setting, or all of a section, means, may be and is."""
    print("\n".join(explain(options.key, load_configuration(options.config))))
    return 0
