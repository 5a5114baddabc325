"""How much a session measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measure.flat_out import FILM
from benchmarks.measure.inference import MOST_THREADS
from benchmarks.peers.measure import Way
from benchmarks.simulate.scenes import QUICK, SMILES, Scene


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured; lengths are in seconds.

    Attributes:
        windows: of each figure, after a window for warm-up.
        window_s: the least length of a window.
        starts: new processes, whose load and start times give medians.
        most_threads: of the interpreter; 0 leaves out the model alone on the CPU.
        scenes: that are processed flat out.
        film: frames of a scene that are shown forwards and backwards.
        smiles: scenes that are shown at camera rate.
        live_s: of each scene at camera rate.
        pairs: of turns with and without timing, for the overhead.
        command_s: of ``smile-gate run``.
        sustained_s: of the run that looks for heat.
        every_s: between its readings.
        power_s: of each phase for power.
        with_float: whether TensorFlow makes a float model to measure, where there is one.
        peers: other ways to tell smiles that are measured too, by their names.
        data: folder with GENKI-4K, for the peers' accuracy.
        external: an external power meter, which is not read here, records meanwhile.
    """

    windows: int = 5
    window_s: float = 2.0
    starts: int = 5
    most_threads: int = MOST_THREADS
    scenes: Sequence[Scene] = QUICK
    film: int = FILM
    smiles: Sequence[Scene] = SMILES
    live_s: float = 30.0
    pairs: int = 30
    command_s: float = 20.0
    sustained_s: float = 600.0
    every_s: float = 5.0
    power_s: float = 60.0
    with_float: bool = True
    peers: Mapping[str, Way] = field(default_factory=dict)
    data: Path | None = None
    external: bool = False


BRIEF = Plan(
    window_s=0.05,
    starts=1,
    film=10,
    live_s=1.5,
    pairs=5,
    command_s=1.0,
    sustained_s=3.0,
    every_s=0.5,
    power_s=3.0,
    with_float=False,
)
