"""The parts of a session, and how much each part measures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from msgspec.structs import replace

from benchmarks.measure import power
from benchmarks.measure.flat_out import FILM, flat_out, knee_s, overhead, sustain
from benchmarks.measure.footprint import measure_command
from benchmarks.measure.frame_to_pin import at_camera_rate
from benchmarks.measure.inference import MOST_THREADS, measure_way
from benchmarks.measure.inference import Way as ModelWay
from benchmarks.measure.windows import raw_lines
from benchmarks.meters.meter import Meter, MeterError
from benchmarks.peers.measure import Way, locate_genki, measure_peers
from benchmarks.processes import call_apart
from benchmarks.report.report_json import RAW, ReportError, publish, write_report
from benchmarks.report.schema import Footprint, Report, Sustained
from benchmarks.simulate.scenes import QUICK, SMILES, WALKING, Scene
from edge.errors import SmileGateError
from train import Located


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
        with_float: whether TensorFlow makes a float model to measure, if TensorFlow is installed.
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


@dataclass
class Session:
    """A session on this machine.

    Attributes:
        folder: of the report and the raw log.
        plan: how much is measured.
        report: what was measured so far.
    """

    folder: Path
    plan: Plan
    report: Report
    _raw: list[dict[str, Any]] = field(default_factory=list)
    _recorded: list[power.Recorded] = field(default_factory=list)

    def save(self) -> None:
        """Write the raw log and the report, each file whole or not at all.

        Raises:
            ReportError: the disk is full, or the folder can't be written to.
        """
        log = "".join(f"{json.dumps(line)}\n" for line in self._raw).encode()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            publish(self.folder / RAW, log)
            write_report(self.report, self.folder)
        except OSError as error:
            raise ReportError(
                f"{self.folder}: expected to keep the report there, got: {error.strerror}"
            ) from error

    def add(self, **fields: Any) -> None:
        """Set fields of the report."""
        self.report = replace(self.report, **fields)

    def leave_out(self, why: str) -> None:
        """Note what can't be measured here, and why."""
        self.add(left_out=(*self.report.left_out, why))

    def measure_way(self, way: ModelWay) -> None:
        plan = self.plan
        figures, windows = measure_way(way, plan.starts, plan.windows, plan.window_s)
        self._raw += raw_lines(way.name, windows)
        self.add(inference=(*self.report.inference, figures))

    def measure_scene(self, scene: Scene) -> None:
        plan = self.plan
        figures, windows = call_apart(True, flat_out, scene, plan.windows, plan.window_s, plan.film)
        self._raw += raw_lines(scene.name, windows)
        self.add(flat_out=(*self.report.flat_out, figures))

    def measure_overhead(self) -> None:
        self.add(overhead=call_apart(True, overhead, WALKING, self.plan.pairs, self.plan.film))

    def measure_camera_rate(self, scene: Scene) -> None:
        figures = call_apart(False, at_camera_rate, scene, self.plan.live_s)
        self.add(camera_rate=(*self.report.camera_rate, figures))

    def measure_command(self) -> None:
        starts = [measure_command(1.0)["ready_s"] for _ in range(self.plan.starts - 1)]
        figures = measure_command(self.plan.command_s)
        self.add(
            footprint=Footprint(
                ready_s=median([*starts, figures["ready_s"]]),
                peak_mb=figures["peak_memory_mb"],
                steady_mb=figures["steady_memory_mb"],
            )
        )

    def measure_peers(self) -> None:
        plan = self.plan
        faces: list[Located] = []
        if plan.data:
            try:
                faces = locate_genki(plan.data, "test")
            except SmileGateError as error:
                self.leave_out(f"the peers' accuracy: {error}")
        for peer in measure_peers(
            faces, plan.windows, plan.window_s, ways=plan.peers, frames=plan.film
        ):
            self.add(peers=(*self.report.peers, peer))

    def sustain(self) -> None:
        readings = []
        for reading in sustain(self.plan.sustained_s, self.plan.every_s):
            readings.append(reading)
            self.add(sustained=Sustained(readings=tuple(readings), knee_s=knee_s(readings)))

    def measure_phase(self, name: power.PhaseName, meter: Meter | None) -> None:
        stretch, recorder = power.run_phase(name, self.plan.power_s, meter)
        if meter is None or recorder is None:
            self.add(unmetered=(*self.report.unmetered, stretch))
            return
        self._recorded.append((stretch, recorder.samples))
        if recorder.error:
            with suppress(MeterError):  # too few readings for any figure
                self.add(power=power.metered(meter, self._recorded))
            raise recorder.error
        self.add(power=power.metered(meter, self._recorded))
