"""The guest's state: service, journal, GPIO line, files. Standard library only."""

from __future__ import annotations

import fcntl
import json
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from tests.emulated_board.registers import Monitor

PIN = 17
GUEST = Path("/srv/guest")
STUCK = GUEST / "stuck"
"""While this file exists, the camera gives no frames."""
SIMULATED = Path(f"/run/gpio-sim/sim_gpio{PIN}/value")
"""File with the line's level, on a board whose GPIO chip is simulated."""
KEY_F13, EVIOCGKEY = 183, 0x80604518
"""From linux/input-event-codes.h and linux/input.h: a key, and the request for 96 bytes with a bit
for each key that is down."""
COMMAND_S = 1800.0
IGNORED = (
    *("/proc", "/sys", "/dev", "/run", "/srv", "/tmp", "/root"),
    *("/var/cache/apt", "/var/lib/apt", "/var/log/journal", "/opt/venv"),
)
"""Folders of other programs, or of the checks, in which uninstalling leaves nothing behind."""
EACH_BOOT = "systemd-private-*-systemd-logind.service-*"
"""The name of this folder changes at each boot."""


class CheckError(Exception):
    """A check failed."""


def expect(condition: bool, failure: str) -> None:
    """Raise CheckError with the failure's description unless a condition holds."""
    if not condition:
        raise CheckError(failure)


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command; ``stdout`` has its output of both kinds."""
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
    """Wait until a condition holds; return the seconds waited.

    Raises:
        CheckError: the condition does not hold within ``limit_s``.
    """
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > limit_s:
            state = f"{shown('ActiveState')} {shown('SubState')}"
            raise CheckError(f"expected {what} within {limit_s:g} s; the service is {state}")
        time.sleep(pause_s)
    return time.monotonic() - began


def shown(name: str) -> str:
    """Return a property of the service, as ``systemctl show`` prints it."""
    return run("systemctl", "show", "--property", name, "--value", "smile-gate").stdout.strip()


def running() -> bool:
    """Tell whether the service is ready, as systemd knows from READY=1."""
    return shown("SubState") == "running"


def journal(since: float) -> str:
    """Return the journal of the service and of its unit, from a time on."""
    options = ("--no-pager", "--output", "cat", "--since", f"@{int(since)}")
    return run("journalctl", "--unit", "smile-gate", *options).stdout


def status() -> dict[str, Any]:
    """Return the report of ``smile-gate status``."""
    done = subprocess.run(
        ["smile-gate", "status", "--json"], check=False, text=True, capture_output=True
    )
    expect(done.returncode == 0, f"smile-gate status: {done.stderr.strip()}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


monitor = cache(Monitor)


def level() -> int:
    """Return the line's level: from the kernel if the chip is simulated, otherwise from QEMU."""
    return int(SIMULATED.read_text()) if SIMULATED.exists() else monitor().level(PIN)


def held_keys(output: str) -> set[int] | None:
    """Return the codes of the keys that are down on an output's keyboard, as the kernel tells any
    program that reads it; None if there is no such keyboard."""
    state = bytearray(96)
    with suppress(OSError):  # it went just now
        for name in Path("/sys/class/input").glob("event*/device/name"):
            if name.read_text() == f"smile-gate {output}\n":
                with Path("/dev/input", name.parts[4]).open("rb", buffering=0) as device:
                    fcntl.ioctl(device, EVIOCGKEY, state)
                return {code for code in range(768) if state[code // 8] >> code % 8 & 1}
    return None


def wait_for_level(wanted: int, limit_s: float = 90.0) -> float:
    """Wait for the line to go high or low."""
    return wait_for(f"GPIO {PIN} to be {wanted}", lambda: level() == wanted, limit_s, 0.02)


def files_and_accounts() -> list[str]:
    """Return all files, users and groups of the system."""
    pruned: Sequence[str] = [word for folder in IGNORED for word in ("-path", folder, "-o")]
    names = ("-name", "__pycache__", "-o", "-name", EACH_BOOT)
    files = run("find", "/", "-xdev", "(", *pruned, *names, ")", "-prune", "-o", "-print")
    accounts = run("getent", "passwd").stdout, run("getent", "group").stdout
    return sorted([*files.stdout.splitlines(), *"".join(accounts).splitlines()])
