from __future__ import annotations

from pathlib import Path

import pytest

from edge.values import Frame
from tests.edge.outputs.pictures import BLUE, RED, framed, halves


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "album"


@pytest.fixture
def frame() -> Frame:
    return framed(halves(BLUE, RED))
