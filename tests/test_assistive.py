"""The settings of docs/assistive.md suit the faces that they are for."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from edge.settings import TriggerSettings
from edge.settings.load import load_configuration
from edge.trigger import Trigger
from edge.values import Box, Face, SmileScore
from tests.conftest import ROOT

FPS = 20
SMILES = 3  # of 3 s, each after 3 s at rest

Seen = tuple[float, Box] | None
"""A face's score and box at a moment, None where the face is not found."""

STILL = Box(100, 100, 120, 120)


def calm(time: float) -> Seen:
    return (0.95 if time % 6 >= 3 else 0.05), STILL


def swings(time: float, hertz: float, height: float) -> Seen:
    resting = 0.75 if time % 6 >= 3 else 0.12
    return resting + height * math.sin(2 * math.pi * hertz * time), STILL


def is_lost_in_between(time: float) -> Seen:
    return swings(time, 5.0, 0.3) if time * 0.9 % 1 < 0.55 else None


def nods(time: float) -> Seen:
    across = int(80 * math.sin(2 * math.pi * 3 * time))
    return (0.95 if time % 6 >= 3 else 0.05), STILL._replace(x=100 + across)


def is_slow_and_small(time: float) -> Seen:
    """Takes 1.5 s to smile and 1 s to rest."""
    within = time % 6
    rise, fall = (min(1.0, max(0.0, part)) for part in ((within - 2) / 1.5, within - 5))
    return 0.08 + 0.5 * (rise - fall), STILL


def presses(settings: TriggerSettings, face: Callable[[float], Seen]) -> int:
    trigger = Trigger(settings)
    fired = 0
    for index in range(SMILES * 6 * FPS):
        time = index / FPS
        seen = face(time)
        scores = []
        if seen is not None:
            score, box = seen
            scores = [SmileScore(Face(1, box, 5.0), min(1.0, max(0.0, score)))]
        fired += trigger.step(time, scores).fire
    return fired


@pytest.fixture
def profiles(tmp_path: Path) -> dict[str, TriggerSettings]:
    """The trigger's settings of each heading that has a configuration."""
    found = {}
    text = (ROOT / "docs/assistive.md").read_text()
    for part in re.split(r"^##+ ", text, flags=re.MULTILINE):
        if example := re.search(r"```toml\n(.*?)```", part, re.DOTALL):
            file = tmp_path / "example.toml"
            file.write_text(example[1])
            found[part.partition("\n")[0]] = load_configuration(file, {}).settings.trigger
    return found


@pytest.mark.parametrize(
    ("heading", "face"),
    [
        ("Set it up", calm),
        ("A trembling head or face", calm),
        ("A trembling head or face", partial(swings, hertz=5.0, height=0.45)),
        ("A trembling head or face", partial(swings, hertz=2.0, height=0.45)),
        ("A trembling head or face", is_lost_in_between),
        ("A trembling head or face", nods),
        ("A slow face, or a small smile", calm),
        ("A slow face, or a small smile", is_slow_and_small),
    ],
)
def test_each_smile_presses_once(
    profiles: dict[str, TriggerSettings], heading: str, face: Callable[[float], Seen]
) -> None:
    assert presses(profiles[heading], face) == SMILES
    if face is not calm:
        assert presses(TriggerSettings(neutral_first=True), face) == 0
