"""The least that a session can measure, with the model alone left out."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.session.session import BRIEF
from benchmarks.simulate.scenes import SMILES, WALKING

TINY = replace(
    BRIEF,
    windows=2,
    window_s=0.001,
    most_threads=0,
    scenes=[WALKING],
    film=2,
    smiles=SMILES[:1],
    live_s=1.1,
    pairs=1,
    command_s=0.5,
    sustained_s=0.2,
    every_s=0.1,
    power_s=0.2,
)
