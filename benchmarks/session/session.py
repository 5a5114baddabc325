"""The parts of a session; each part adds its figures to the report."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from msgspec.structs import replace

from benchmarks.measure import power
from benchmarks.measure.camera_rate import at_camera_rate
from benchmarks.measure.flat_out import flat_out, overhead
from benchmarks.measure.footprint import measure_command
from benchmarks.measure.inference import Way, measure_way
from benchmarks.measure.sustained import knee_s, sustain
from benchmarks.measure.windows import raw_lines
from benchmarks.meters import Meter, MeterError
from benchmarks.peers.measure import locate_genki, measure_peers
from benchmarks.processes import call_apart
from benchmarks.report.schema import (
    Footprint,
    Peer,
    Phase,
    Report,
    ReportError,
    Sustained,
    publish,
    write_report,
)
from benchmarks.report.summary import RAW
from benchmarks.session.plan import Plan
from benchmarks.simulate.scenes import WALKING, Scene
from edge.errors import SmileGateError
from train import Located


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
    _phases: list[Phase] = field(default_factory=list)

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

    def measure_way(self, way: Way) -> None:
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

        def keep(peer: Peer) -> None:
            self.add(peers=(*self.report.peers, peer))

        faces: list[Located] = []
        if plan.data:
            try:
                faces = locate_genki(plan.data, "test")
            except SmileGateError as error:
                self.leave_out(f"the peers' accuracy: {error}")
        measure_peers(
            faces, plan.windows, plan.window_s, ways=plan.peers, frames=plan.film, tell=keep
        )

    def sustain(self) -> None:
        readings = []
        for reading in sustain(self.plan.sustained_s, self.plan.every_s):
            readings.append(reading)
            self.add(sustained=Sustained(readings=tuple(readings), knee_s=knee_s(readings)))

    def measure_phase(self, name: power.PhaseName, meter: Meter | None) -> None:
        if meter is None:
            stretch = power.run_stretch(name, self.plan.power_s, power.Recording(None))
            self.add(unmetered=(*self.report.unmetered, stretch))
            return
        phase, failure = power.run_phase(name, self.plan.power_s, meter)
        self._phases.append(phase)
        if failure:
            with suppress(MeterError):  # too few readings for any figure
                self.add(power=power.metered(meter, self._phases))
            raise MeterError(failure, meter.name)
        self.add(power=power.metered(meter, self._phases))
