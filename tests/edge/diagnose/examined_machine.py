"""A machine for ``smile-gate doctor`` to look over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

from edge.cameras.camera import Attached
from edge.diagnose import doctor
from edge.diagnose.doctor import Finding, examine
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
    """A machine on which all is well, to be changed by a test, and what doctor says of it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.socket = folder / "s"
        self.patch = monkeypatch
        self.source = "v4l2:/dev/video0"
        self.more = ""
        monkeypatch.chdir(folder)
        monkeypatch.setattr(doctor, "packages_distributions", distributions)
        monkeypatch.setattr(doctor, "list_attached", lambda: iter(ATTACHED[:2]))
        monkeypatch.setattr(doctor, "DEVICE_TREE", folder / "no-device-tree")
        monkeypatch.setenv("LG_WD", str(folder))  # doctor sets it where it is not, for good
        monkeypatch.setattr(EDGE_TPU, "devices", folder / "no-usb")
        monkeypatch.setattr(doctor, "read_health", lambda: Health(51.2, 0x0))
        self.said_by({("systemctl", "is-active", "smile-gate.service"): "inactive"})

    def said_by(self, programs: Mapping[Sequence[str], str]) -> None:
        self.patch.setattr(
            doctor, "_said", lambda command: (programs.get(tuple(command[:3]), ""), "")
        )

    @property
    def config(self) -> Path:
        path = self.folder / "c.toml"
        path.write_text(
            f'[camera]\nsource = "{self.source}"\n{self.more}\n'
            '[outputs.photo]\nkind = "shutter"\npin = 17\n'
        )
        return path

    def all(self) -> list[Finding]:
        return list(examine(self.config, self.socket))

    def about(self, what: str) -> Finding:
        """Return the one, or the last, finding about something; what is not good has a mend."""
        findings = self.all()
        for one in findings:
            assert bool(one.mend) == (one.verdict != "good"), one
        return [one for one in findings if one.about == what][-1]
