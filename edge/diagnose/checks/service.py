"""Checks of the service: whether a gate runs, and its last warnings."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from edge.diagnose.checks.interface import Finding
from edge.errors import SmileGateError
from edge.service.arming import in_words
from edge.service.status_socket import ask

UNIT = "smile-gate.service"
RUNNING = ("active", "activating", "reloading", "deactivating")  # it may hold pins and cameras
NO_ENTRY = re.compile("-- .* --")  # between journalctl's entries, for example at a board's start


class Gate(Struct, frozen=True):
    """The gate on this machine.

    Attributes:
        runs: True if it runs, starts or ends.
        report: its status; empty if it does not answer.
    """

    runs: bool
    report: Mapping[str, Any] = {}


def check_service(socket: Path) -> tuple[Gate, Finding]:
    """Check that a gate runs and has no faults; return the gate, too."""
    try:
        report = ask(socket)
    except SmileGateError as error:
        return _check_state(error)
    text = f"{report.get('fps')} frames per second for {report.get('uptime_s')} s"
    if arming := in_words(report):
        text = f"{text}, {arming}"
    faults = [*report.get("faults", ()), *report.get("warnings", ())]
    if not faults:
        return Gate(True, report), Finding("service", "good", text)
    text = f"{text}; {'; '.join(faults)}"
    return Gate(True, report), Finding("service", "warning", text, f"journalctl -u {UNIT}")


def _check_state(error: SmileGateError) -> tuple[Gate, Finding]:
    """Ask systemd about a gate that does not answer."""
    state = run_program(["systemctl", "is-active", UNIT])[0] or "unknown"
    if state == "failed":
        # After too many ends systemd refuses a start by hand, too, until its count is reset.
        start = f"sudo systemctl reset-failed {UNIT}; sudo systemctl start {UNIT}"
        remedy = f"journalctl -u {UNIT}; {start}"
        return Gate(False), Finding("service", "bad", f"{state}; {error}", remedy)
    if state in RUNNING:
        remedy = f"sudo smile-gate doctor, or: journalctl -u {UNIT}"
        return Gate(True), Finding("service", "warning", f"{state}, but {error}", remedy)
    remedy = f"sudo systemctl start {UNIT}; journalctl -u {UNIT}"
    return Gate(False), Finding("service", "warning", f"{state}; {error}", remedy)


def check_journal() -> Finding:
    """Show the last warnings of the service."""
    command = ["journalctl", "--unit", UNIT, "--priority", "warning", "--lines", "3"]
    # Not --quiet: that hides, too, that this user may not read the service's lines.
    output, complaint = run_program([*command, "--output", "cat", "--no-pager"])
    if complaint:
        return Finding("journal", "warning", complaint.partition("\n")[0], "sudo smile-gate doctor")
    lines = [line for line in output.splitlines() if not NO_ENTRY.fullmatch(line)]
    return Finding("journal", "good", " | ".join(lines) or "no warnings")


def run_program(command: Sequence[str]) -> tuple[str, str]:
    """Return a program's output and its complaint: standard error, or its exit code if that is
    not 0. Both are empty where the program is not installed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10.0, check=False)  # noqa: S603
    except OSError:
        return "", ""
    except subprocess.SubprocessError as error:
        return "", str(error)
    failed = f"{command[0]} ended with code {done.returncode}" if done.returncode else ""
    return done.stdout.strip(), done.stderr.strip() or failed
