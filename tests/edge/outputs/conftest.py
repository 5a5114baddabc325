from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory

from edge.outputs.faults import Listen
from edge.outputs.group import Outputs
from edge.outputs.output import Output
from edge.settings import AnyOutputSettings
from edge.values import Frame
from tests.edge.outputs.harness import BreakablePin, EventLog, Opened
from tests.edge.outputs.snapshot_files import BLUE, RED, framed, halves


@pytest.fixture
def events() -> EventLog:
    return EventLog()


@pytest.fixture
def opened(events: EventLog) -> Iterator[Opened]:
    kept: list[Output] = []  # so that close frees the pins, not the garbage collector
    with ExitStack() as stack:

        def open_all(
            settings: Mapping[str, AnyOutputSettings], listen: Listen = events, **options: Any
        ) -> Outputs:
            outputs = Outputs(settings, listen, **options)
            stack.callback(outputs.close)
            kept.extend(outputs.opened)
            return outputs

        yield open_all


@pytest.fixture(autouse=True)
def breakable(pins: MockFactory) -> None:
    pins.pin_class = BreakablePin


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "album"


@pytest.fixture
def frame() -> Frame:
    return framed(halves(BLUE, RED))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"
