"""A service to test, and a machine to look over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from edge.service.board import BoardWatch, Health
from edge.service.status_socket import StatusServer
from tests.edge.diagnose.examined_machine import REPORT, Machine
from tests.edge.service.running_service import Change, Serve, Served


@pytest.fixture
def board() -> dict[str, Health]:
    """What the board's sensors give ``now``."""
    return {"now": Health(None, None)}


@pytest.fixture
def serve(tmp_path: Path, board: dict[str, Health]) -> Iterator[Serve]:
    watch_board = partial(BoardWatch, read=lambda: board["now"], every_s=0.01)
    started: list[Served] = []

    def start(
        shown: str = "plain", *changes: Change, managed: bool = True, **arguments: Any
    ) -> Served:
        arguments["watch_board"] = watch_board
        started.append(Served(tmp_path, shown, *changes, managed=managed, **arguments))
        return started[-1]

    yield start
    for served in started:
        served.end()


@pytest.fixture
def served(serve: Serve) -> Served:
    served = serve()
    served.wait_ready()
    return served


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


@pytest.fixture
def running(machine: Machine) -> Iterator[dict[str, Any]]:
    """A gate that answers with this report."""
    report = dict(REPORT)
    with closing(StatusServer(machine.socket, lambda: report)):
        yield report
