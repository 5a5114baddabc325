"""Checks this machine: what is there, what is wrong, and what to do about it."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from edge.diagnose.checks import host, packages, parts, service, unit
from edge.diagnose.checks.interface import Finding, Probes
from edge.settings import load

USER = "smile-gate"  # of the service


def examine(path: Path | None, socket: Path, probes: Probes | None = None) -> Iterator[Finding]:
    """Yield the findings of all checks. A check that fails keeps no other from being made.

    Args:
        path: the configuration whose camera, pins, model and folders are checked. Without one,
            and when it is bad, the defaults are, and no pin: nobody has said what is there.
        socket: where a running gate answers. What that gate holds is left alone.
        probes: the questions to this machine; None for the real ones.
    """
    probes = probes or Probes()
    with ExitStack() as stack:
        if probes.board:
            _choose_pins_library_of_service(stack)
        settings, settings_finding = parts.check_settings(path)
        gate, service_finding = service.check_service(socket)
        is_service = path == load.INSTALLED
        loaded = unit.read_unit()
        yield host.check_machine(probes)
        yield host.check_python(probes)
        yield settings_finding
        yield from packages.check_packages(probes, settings.camera.source)
        yield parts.check_faces(settings.faces)
        yield parts.check_model(settings)
        yield parts.check_edge_tpu(settings, gate)
        yield from parts.check_cameras(probes, settings, gate)
        yield parts.check_pins(settings, gate)
        yield from parts.check_programs(settings)
        yield from parts.check_keyboards(settings)
        yield host.check_groups(probes)
        yield from host.check_disk(probes, settings, _service_user(probes) if is_service else "")
        if is_service:
            yield from unit.check_sandbox(settings, loaded)
        yield host.check_power(probes)
        yield service_finding
        yield unit.check_memory(loaded)
        yield service.check_journal()


def _service_user(probes: Probes) -> str:
    """Return the name of the service's user if this process may ask what that user may do."""
    with suppress(KeyError):
        return pwd.getpwnam(USER).pw_name if probes.user_id() == 0 else ""
    return ""


def _choose_pins_library_of_service(stack: ExitStack) -> None:
    os.environ.setdefault("GPIOZERO_PIN_FACTORY", "lgpio")
    with suppress(OSError):  # the disk may be full, which check_disk reports
        folder = stack.enter_context(TemporaryDirectory())
        os.environ.setdefault("LG_WD", folder)  # where lgpio, when imported, makes a named pipe
