"""A machine for ``smile-gate doctor`` to check."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edge.cameras.camera import Attached
from edge.cameras.demo import DemoCamera
from edge.diagnose.checks.interface import Finding, Probes
from edge.diagnose.doctor import examine
from edge.model.edgetpu import EDGE_TPU
from edge.service.board import Health

ATTACHED = (
    Attached("picamera2:0", "imx708", ("1536x864 at 120 fps",)),
    Attached("v4l2:/dev/video0", "Webcam", ("YUYV: 640x480",)),
    Attached("v4l2:/dev/video10", "can't be opened: Permission denied", ()),
)
REPORT: Mapping[str, Any] = {"fps": 29.9, "uptime_s": 12.3, "faults": [], "warnings": []}

distributions = cache(packages_distributions)


class Machine:
    """A machine on which all is well, to be changed by a test, and what doctor finds there."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.socket = folder / "s"
        self.source = "v4l2:/dev/video0"
        self.more = ""
        self.probes = Probes(
            device_tree=folder / "model",
            distributions=distributions,
            list_attached=lambda: ATTACHED[:2],
            open_camera=lambda _: DemoCamera(),
            read_health=lambda: Health(51.2, 0x0),
        )
        monkeypatch.chdir(folder)
        monkeypatch.setenv("LG_WD", str(folder))  # doctor sets it where it is not, for good
        monkeypatch.setenv("PATH", f"{folder / 'bin'}:{os.environ['PATH']}")
        monkeypatch.setattr(EDGE_TPU, "devices", folder / "no-usb")
        self.install("systemctl", "echo inactive")
        self.install("journalctl", "")

    def install(self, program: str, script: str) -> None:
        path = self.folder / "bin" / program
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def answer(self, **answers: Any) -> None:
        """Answer probes of doctor in another way."""
        self.probes = replace(self.probes, **answers)

    def be_a_board(self) -> None:
        self.probes.device_tree.write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")

    @property
    def config(self) -> Path:
        path = self.folder / "c.toml"
        path.write_text(
            f'[camera]\nsource = "{self.source}"\n{self.more}\n'
            '[outputs.photo]\nkind = "shutter"\npin = 17\n'
        )
        return path

    def findings(self, subject: str = "") -> list[Finding]:
        """Return the findings about something, or all; what is not good has a remedy."""
        findings = list(examine(self.config, self.socket, self.probes))
        for finding in findings:
            assert bool(finding.remedy) == (finding.verdict != "good"), finding
        return [finding for finding in findings if subject in {"", finding.subject}]

    def finding(self, subject: str) -> Finding:
        """Return the last finding about something."""
        return self.findings(subject)[-1]
