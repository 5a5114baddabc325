"""``smile-gate arm`` and ``disarm``: whether smiles may fire the outputs of the running gate."""

from __future__ import annotations

import argparse

from edge.cli.console import Verbs, add_socket_option
from edge.errors import StatusError
from edge.service.arming import in_words
from edge.service.status_socket import ask


def add_verbs(verbs: Verbs) -> None:
    """Add the verbs and their arguments."""
    for parser in (verbs.add("arm", arm), verbs.add("disarm", disarm)):
        add_socket_option(parser)


def arm(options: argparse.Namespace) -> int:
    """Let the running gate fire again after disarm; exit code 1 if switch or schedule forbid it."""
    report = ask(options.socket, "arm")
    if "command" in report.get("disarmed_by", ["command"]):
        raise StatusError(f"{options.socket}: expected the gate to obey arm, got: disarmed")
    print(in_words(report))
    return 0 if report["armed"] else 1


def disarm(options: argparse.Namespace) -> int:
    """Make the outputs of the running gate safe; nothing fires until arm, or until its restart."""
    report = ask(options.socket, "disarm")
    if report.get("armed", True):
        raise StatusError(f"{options.socket}: expected the gate to obey disarm, got: armed")
    print(in_words(report))
    return 0
