"""A service to test, and a machine to look over."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from edge.service import service as module
from edge.service.board import BoardWatch, Health
from edge.service.status_socket import StatusServer
from edge.values import Frame
from tests.edge.diagnose.examined_machine import REPORT, Machine
from tests.edge.service.serving import FileCamera, Serve, Served, open_files_as_cameras


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> dict[str, Health]:
    """What the board's sensors give ``now``."""
    readings = {"now": Health(None, None)}
    monkeypatch.setattr(BoardWatch, "EVERY_S", 0.01)
    monkeypatch.setattr(module, "BoardWatch", partial(BoardWatch, read=lambda: readings["now"]))
    return readings


@pytest.fixture
def serve(
    tmp_path: Path,
    demo_frames: list[Frame],
    monkeypatch: pytest.MonkeyPatch,
    board: dict[str, Health],  # noqa: ARG001  (asked for its effect)
) -> Iterator[Serve]:
    open_files_as_cameras(monkeypatch.setattr)
    monkeypatch.setattr(module.Service, "MEMORY_MB", math.inf)  # this process has all the tests'
    FileCamera.show(demo_frames)
    started: list[Served] = []

    def start(shown: str = "plain", *changes: tuple[str, str], managed: bool = True) -> Served:
        started.append(Served(tmp_path, shown, changes, managed=managed))
        return started[-1]

    yield start
    for one in started:
        one.end()


@pytest.fixture
def served(serve: Serve) -> Served:
    one = serve()
    one.wait_ready()
    return one


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


@pytest.fixture
def running(machine: Machine) -> Iterator[dict[str, Any]]:
    """A gate that answers with this report."""
    report = dict(REPORT)
    with closing(StatusServer(machine.socket, lambda: report)):
        yield report
