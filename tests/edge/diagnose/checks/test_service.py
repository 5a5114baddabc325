from __future__ import annotations

from typing import Any

import pytest

from edge.diagnose.checks.service import run_program
from tests.edge.diagnose.examined_machine import Machine


def test_a_gate_that_runs(machine: Machine, running: dict[str, Any]) -> None:
    assert machine.finding("service").text == "29.9 frames per second for 12.3 s"
    running.update(armed=False, disarmed_by=["schedule"], until="2026-06-01T08:00:00+02:00")
    assert machine.finding("service").text.endswith(
        "s, disarmed by schedule until 2026-06-01 08:00"
    )
    running.update(faults=["no camera"], warnings=["hot"])
    finding = machine.finding("service")
    assert (finding.verdict, finding.text.partition("; ")[2]) == ("warning", "no camera; hot")
    running.clear()  # of another version
    assert machine.finding("service").verdict == "good"


@pytest.mark.parametrize(
    ("script", "verdict", "text", "remedy"),
    [
        ("echo inactive", "warning", "inactive; ", "systemctl start smile-gate.service"),
        ("", "warning", "unknown; ", "systemctl start smile-gate.service"),
        ("echo failed", "bad", "failed; ", "systemctl reset-failed smile-gate.service"),
    ],
)
def test_no_gate_runs(machine: Machine, script: str, verdict: str, text: str, remedy: str) -> None:
    machine.install("systemctl", script)
    finding = machine.finding("service")
    assert finding.verdict == verdict
    assert finding.text.startswith(text)
    assert remedy in finding.remedy


@pytest.mark.parametrize(
    ("script", "verdict", "text"),
    [
        ("", "good", "no warnings"),
        ("echo one; echo two", "good", "one | two"),
        ("echo one; echo '-- Boot 0123 --'; echo two", "good", "one | two"),
        ("echo '-- No entries --'", "good", "no warnings"),
        (
            "echo Hint: you do not see all messages >&2",
            "warning",
            "Hint: you do not see all messages",
        ),
        ("exit 1", "warning", "journalctl ended with code 1"),
    ],
)
def test_warnings_of_the_journal(machine: Machine, script: str, verdict: str, text: str) -> None:
    """A journal that may not be read is not one without warnings."""
    machine.install("journalctl", script)
    finding = machine.finding("journal")
    assert (finding.verdict, finding.text) == (verdict, text)
    assert finding.remedy == ("" if verdict == "good" else "sudo smile-gate doctor")


def test_output_and_complaint_of_a_program() -> None:
    assert run_program(["no-such-program"]) == ("", "")
    assert run_program(["sh", "-c", "echo out; exit 3"]) == ("out", "sh ended with code 3")
    assert run_program(["sh", "-c", "echo out; echo bad >&2"]) == ("out", "bad")
