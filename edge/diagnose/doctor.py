"""Looks this machine over: what is there, what is not as it should be, and what to do about it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from edge.diagnose.checks.finding import Finding
from edge.diagnose.checks.host import (
    check_disk,
    check_groups,
    check_machine,
    check_power,
    check_python,
)
from edge.diagnose.checks.packages import check_cascade, check_packages
from edge.diagnose.checks.parts import (
    check_cameras,
    check_edge_tpu,
    check_model,
    check_pins,
    check_settings,
)
from edge.diagnose.checks.probes import Probes
from edge.diagnose.checks.service import check_journal, check_service


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
        yield from _check_all(path, socket, probes)


def _choose_pins_library_of_service(stack: ExitStack) -> None:
    os.environ.setdefault("GPIOZERO_PIN_FACTORY", "lgpio")
    with suppress(OSError):  # the disk may be full, which check_disk reports
        folder = stack.enter_context(TemporaryDirectory())
        os.environ.setdefault("LG_WD", folder)  # where lgpio, when imported, makes a named pipe


def _check_all(path: Path | None, socket: Path, probes: Probes) -> Iterator[Finding]:
    settings, settings_finding = check_settings(path)
    gate, service_finding = check_service(socket)
    source = settings.camera.source
    yield check_machine(probes)
    yield check_python(probes)
    yield settings_finding
    yield from check_packages(probes, source)
    yield check_cascade(probes)
    yield check_model(settings)
    yield check_edge_tpu(settings, gate)
    yield from check_cameras(probes, source, gate)
    yield check_pins(settings, gate)
    yield check_groups(probes)
    yield from check_disk(probes, settings)
    yield check_power(probes)
    yield service_finding
    yield check_journal()
