from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory

from edge.diagnose.checks.interface import Finding
from tests.edge.diagnose.examined_machine import Machine


@pytest.mark.usefixtures("running")
def test_a_machine_on_which_all_is_well(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", sys.modules[__name__])
    findings = machine.findings()
    assert {finding.verdict for finding in findings} == {"good"}, findings
    assert [finding.subject for finding in findings] == [
        "machine", "python", "settings", "numpy", "cv2", "ai_edge_litert", "gpiozero",
        "simplejpeg", "msgspec", "tomlkit", findings[10].subject, "faces", "model", "edge tpu",
        "camera", "camera", "camera", "pins", "groups", "disk", "power", "service", "memory",
        "journal",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [(["good"], 0), (["good", "warning"], 1), (["bad"], 2), (["warning", "bad", "good"], 2)],
)
def test_exit_codes_and_words(
    smile_gate: Any, monkeypatch: pytest.MonkeyPatch, verdicts: list[Any], code: int
) -> None:
    findings = [
        Finding(f"t{number}", verdict, "words", "" if verdict == "good" else "do this")
        for number, verdict in enumerate(verdicts)
    ]
    monkeypatch.setattr("edge.cli.diagnose.examine", lambda *_: iter(findings))
    got, out, err = smile_gate("doctor")
    assert (got, err) == (code, "")
    assert out.count("to mend it: do this") == sum(verdict != "good" for verdict in verdicts)
    assert [line.split()[:2] for line in out.splitlines() if "mend" not in line] == [
        [finding.verdict, finding.subject] for finding in findings
    ]
    got, out, _ = smile_gate("doctor", "--json")
    assert got == code
    assert [set(record) for record in json.loads(out)] == [
        {"about", "verdict", "words", "mend"}
    ] * len(findings)


def doctor_json(smile_gate: Any, *arguments: Any) -> tuple[int, dict[str, dict[str, str]]]:
    code, out, err = smile_gate("doctor", "--json", *arguments)
    assert err == ""
    return code, {finding["about"]: finding for finding in json.loads(out)}


def test_the_service_s_own_settings_are_the_default(
    smile_gate: Any, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.settings.load.INSTALLED", machine.config)
    _, findings = doctor_json(smile_gate, "--socket", machine.socket)
    assert findings["settings"]["words"] == str(machine.config)
    assert findings["pins"]["words"].startswith("GPIO 17, ")


@pytest.mark.parametrize("where", ["file", "environment"])
def test_settings_that_are_bad_are_one_finding_of_many(
    smile_gate: Any,
    machine: Machine,
    pins: MockFactory,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    path, remedy = machine.config, "unset it, or mend it"
    if where == "file":
        path.write_text(f"{path.read_text()}[trigger]\nholds = 3\n")
        remedy = f"sudo nano {path}"
    else:
        monkeypatch.setenv("SMILE_GATE_TRIGGER__HOLDS", "3")
    code, findings = doctor_json(smile_gate, "--config", path, "--socket", machine.socket)
    assert code == 2
    assert "trigger.holds: expected a key among" in findings["settings"]["words"]
    assert (findings["settings"]["verdict"], findings["settings"]["mend"]) == ("bad", remedy)
    assert findings["pins"]["words"] == "none configured"
    assert findings["model"]["verdict"] == "good"
    assert not list(pins.pins)
