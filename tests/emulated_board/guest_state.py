"""What the checks in the guest ask of systemd, the kernel and the gate. Standard library only."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tests.emulated_board.registers import Monitor

PIN = 17
GUEST = Path("/srv/guest")
STUCK = GUEST / "stuck"
"""While there is this file, the camera gives no frames."""
SIMULATED = Path(f"/run/gpio-sim/sim_gpio{PIN}/value")
"""The line's level on a board whose GPIO chip is simulated."""
COMMAND_S = 1800.0
BESIDE = (
    *("/proc", "/sys", "/dev", "/run", "/srv", "/tmp", "/root"),
    *("/var/cache/apt", "/var/lib/apt", "/var/log/journal", "/opt/venv"),
)
"""Not of interest for what is left behind: other programs', or the checks' own."""
EACH_BOOT = "systemd-private-*-systemd-logind.service-*"
"""A folder that has another name after each boot."""


class CheckError(Exception):
    """What was to be shown is not so."""


def expect(condition: bool, otherwise: str) -> None:
    """Raise CheckError with some words unless a condition holds."""
    if not condition:
        raise CheckError(otherwise)


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command; what it says on both outputs is in ``stdout``."""
    return subprocess.run(
        command,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=COMMAND_S,
    )


def install_sh(folder: Path, *arguments: str | Path) -> tuple[int, str]:
    """Run a folder's install.sh; return its exit code and last line."""
    done = run(folder / "install.sh", *arguments)
    lines = done.stdout.strip().splitlines() or ["nothing"]
    return done.returncode, lines[-1]


def wait_for(
    what: str, condition: Callable[[], object], limit_s: float, pause_s: float = 1.0
) -> float:
    """Wait until a condition holds; return for how long that was, in seconds.

    Raises:
        CheckError: it does not in time.
    """
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > limit_s:
            state = f"{shown('ActiveState')} {shown('SubState')}"
            raise CheckError(f"expected {what} within {limit_s:g} s; the service is {state}")
        time.sleep(pause_s)
    return time.monotonic() - began


def shown(name: str) -> str:
    """Return a property of the service, as systemd has it."""
    return run("systemctl", "show", "--property", name, "--value", "smile-gate").stdout.strip()


def running() -> bool:
    """Tell whether the service is ready, by what it said to systemd."""
    return shown("SubState") == "running"


def journal(since: float) -> str:
    """Return what the service, and systemd of it, logged from a time on."""
    options = ("--no-pager", "--output", "cat", "--since", f"@{int(since)}")
    return run("journalctl", "--unit", "smile-gate", *options).stdout


def status() -> dict[str, Any]:
    """Return what the gate says of itself."""
    done = subprocess.run(
        ["smile-gate", "status", "--json"], check=False, text=True, capture_output=True
    )
    expect(done.returncode == 0, f"smile-gate status: {done.stderr.strip()}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


monitor = cache(Monitor)


def level() -> int:
    """Return the line's level: from the kernel where it is simulated, otherwise from QEMU."""
    return int(SIMULATED.read_text()) if SIMULATED.exists() else monitor().driven(PIN)


def wait_for_level(wanted: int, limit_s: float = 90.0) -> float:
    """Wait for the line to go high or low."""
    return wait_for(f"GPIO {PIN} to be {wanted}", lambda: level() == wanted, limit_s, 0.02)


def files_and_accounts() -> list[str]:
    """Return all files, users and groups of the system."""
    pruned: Sequence[str] = [word for folder in BESIDE for word in ("-path", folder, "-o")]
    names = ("-name", "__pycache__", "-o", "-name", EACH_BOOT)
    found = run("find", "/", "-xdev", "(", *pruned, *names, ")", "-prune", "-o", "-print")
    accounts = run("getent", "passwd").stdout, run("getent", "group").stdout
    return sorted([*found.stdout.splitlines(), *"".join(accounts).splitlines()])
