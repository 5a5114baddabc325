"""Checks of the service's unit: what systemd does to the gate, and keeps it from."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from edge.diagnose.checks.interface import Finding
from edge.diagnose.checks.service import NO_ENTRY, UNIT, run_program
from edge.settings import Settings, SnapshotSettings

SHOWN = (
    "LoadState,Result,MemoryMax,PrivateNetwork,ProtectHome,ProtectSystem,RuntimeDirectory,"
    "StateDirectory,LogsDirectory,ReadWritePaths"
)
UNIT_KILL = ("--unit", UNIT, "MESSAGE_ID=fe6faa94e7774663a0da52717891d8ef")
KERNEL_KILL = ("_TRANSPORT=kernel", "--grep", r"Killed process \d+ \(smile-gate\)")
"""What to ask the journal for: systemd's message of a kill in a unit (in systemd's sd-messages.h
UNIT_OUT_OF_MEMORY), and the kernel's, as systemd learns of none where memory cgroups are off."""
DROP_IN = "/opt/smile-gate/current/systemd/network.conf"
OWN_FOLDERS = {
    "/run": "RuntimeDirectory",
    "/var/lib": "StateDirectory",
    "/var/log": "LogsDirectory",
}
ALWAYS = ("/dev", "/tmp", "/var/tmp")  # noqa: S108
"""Folders that ``ProtectSystem=strict`` leaves writable, with ``PrivateTmp`` (systemd.exec(5))."""
HOMES = ("/home", "/root", "/run/user")
"""Folders that ``ProtectHome`` closes, whatever ``ReadWritePaths`` says (systemd.exec(5))."""

Properties = Mapping[str, str]
"""A unit's properties by name, as ``systemctl show`` prints them; empty without systemd."""


def read_unit() -> Properties:
    """Ask systemd for the properties that are checked here."""
    output, _ = run_program(["systemctl", "show", UNIT, f"--property={SHOWN}"])
    lines = (line.partition("=") for line in output.splitlines())
    return {name: value for name, equals, value in lines if equals}


def check_memory(unit: Properties) -> Finding:
    """Check that no process of the service was killed for memory, now or in the last week."""
    if unit.get("LoadState") != "loaded":
        return Finding("memory", "good", f"{UNIT} is not installed")
    limit = unit.get("MemoryMax", "")
    limited = f"MemoryMax={int(limit) / 2**20:.0f}M" if limit.isdecimal() else "no MemoryMax"
    board_mb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**20
    limits = f"the unit has {limited}, the board {board_mb:.0f} MB"
    kills, complaint = _last_kills(UNIT_KILL)
    kills += _last_kills(KERNEL_KILL)[0]  # its complaint may be that nothing matches
    is_out_now = unit.get("Result") == "oom-kill"
    if is_out_now or kills:
        text = f"killed for memory{f' at {max(kills)}' if kills else ''}; {limits}"
        remedy = f"a smaller camera.width, or a higher MemoryMax: sudo systemctl edit {UNIT}"
        return Finding("memory", "bad" if is_out_now else "warning", text, remedy)
    if complaint:
        remedy = "sudo smile-gate doctor"
        return Finding("memory", "warning", complaint.partition("\n")[0], remedy)
    return Finding("memory", "good", f"no kill for memory in 7 days; {limits}")


def _last_kills(question: Sequence[str]) -> tuple[list[str], str]:
    """Return the time of the last message that matches, if any, and journalctl's complaint."""
    command = ["journalctl", *question, "--since", "-7d", "--lines", "1", "--no-pager"]
    output, complaint = run_program([*command, "--output", "short-iso"])
    lines = [line for line in output.splitlines() if not NO_ENTRY.fullmatch(line)]
    return [line.split()[0] for line in lines], complaint


def check_sandbox(settings: Settings, unit: Properties) -> Iterator[Finding]:
    """Check that the unit lets the gate reach the camera and the folders of the settings."""
    is_remote = re.match(r"(rtsp|http)s?://", settings.camera.source)
    if is_remote and unit.get("PrivateNetwork") == "yes":
        text = "the unit has PrivateNetwork=yes: the service reaches no network camera"
        remedy = f"sudo install -D -m 644 {DROP_IN} /etc/systemd/system/{UNIT}.d/network.conf"
        yield Finding("sandbox", "bad", text, f"{remedy} && sudo systemctl daemon-reload")
    for name, output in settings.outputs.items():
        if isinstance(output, SnapshotSettings):
            folder = Path(output.folder).resolve()
            if forbidden := _keeps_from(unit, folder):
                text = f"outputs.{name}: the unit's {forbidden} keeps it from {folder}"
                remedy = f"a folder below /var/lib/smile-gate in outputs.{name}.folder"
                yield Finding("sandbox", "bad", text, remedy)


def _keeps_from(unit: Properties, folder: Path) -> str:
    """Return the setting of the unit that keeps the service from writing to a folder, if any."""
    home = unit.get("ProtectHome", "no")
    if home != "no" and _is_below(folder, HOMES):
        return f"ProtectHome={home}"
    allowed = [*ALWAYS]
    for parent, setting in OWN_FOLDERS.items():
        allowed += [f"{parent}/{name}" for name in unit.get(setting, "").split()]
    allowed += [path.lstrip("-+") for path in unit.get("ReadWritePaths", "").split()]
    strict = unit.get("ProtectSystem") == "strict" and not _is_below(folder, allowed)
    return "ProtectSystem=strict" if strict else ""


def _is_below(folder: Path, places: Sequence[str]) -> bool:
    return any(folder.is_relative_to(place) for place in places)
