"""Measures this machine part by part, and keeps what was found after each."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from msgspec.structs import replace

from benchmarks.measure import noise, power
from benchmarks.measure.camera_rate import at_camera_rate
from benchmarks.measure.device import read_device
from benchmarks.measure.flat_out import FILM, flat_out, overhead
from benchmarks.measure.footprint import run_command
from benchmarks.measure.inference import Way, float_model_of, measure_way, ways
from benchmarks.measure.paths import bundle_folder, digest
from benchmarks.measure.process import apart
from benchmarks.measure.sustained import knee_s, sustain
from benchmarks.measure.windows import raw_lines
from benchmarks.meters import Meter, MeterError
from benchmarks.peers import locate_genki, measure_peers
from benchmarks.report.schema import (
    REPORT,
    Device,
    Footprint,
    Method,
    Peer,
    Phase,
    Report,
    ReportError,
    Sustained,
    publish,
    write_report,
)
from benchmarks.report.summary import RAW
from benchmarks.simulate.scenes import FPS, QUICK, SMILES, WALKING, Scene
from edge.cameras.demo import COLLINS, HOPPER
from edge.errors import MissingPackageError, SmileGateError
from edge.model.bundle import Bundle, load_bundle
from edge.model.edgetpu import EDGE_TPU
from edge.service.board import read_health
from train import Located

REPORTS = Path("benchmarks/reports")
STAT = Path("/proc/stat")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes:
        windows: of each figure, after one for warm-up.
        window_s: how long one is, at least.
        starts: new processes of which load and start times are the medians.
        film: frames of a scene that are shown forwards and backwards.
        live_s: of each scene at camera rate.
        pairs: of turns with and without timing, for the overhead.
        command_s: of ``smile-gate run``.
        sustained_s: of the run that looks for heat.
        every_s: between its readings.
        power_s: of each of the runs for power.
        with_float: whether TensorFlow makes a float model to measure, where there is one.
        with_peers: whether other ways to tell smiles are measured too.
        data: folder with GENKI-4K, to tell how often these are right.
        external: a power meter that is not read here records meanwhile.
    """

    windows: int = 5
    window_s: float = 2.0
    starts: int = 5
    film: int = FILM
    live_s: float = 30.0
    pairs: int = 30
    command_s: float = 20.0
    sustained_s: float = 600.0
    every_s: float = 5.0
    power_s: float = 60.0
    with_float: bool = True
    with_peers: bool = False
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

Part = tuple[str, Callable[[], None]]


@dataclass
class Session:
    """A run.

    Attributes:
        folder: where what was found is kept.
        plan: how much is measured.
        report: what was found so far.
    """

    folder: Path
    plan: Plan
    report: Report
    _raw: list[dict[str, Any]] = field(default_factory=list)
    _phases: list[Phase] = field(default_factory=list)

    def save(self) -> None:
        """Write the raw log and the report, each whole or not at all.

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

    def add(self, **found: Any) -> None:
        """Add to the report, or put in place of what it had."""
        self.report = replace(self.report, **found)

    def leave_out(self, why: str) -> None:
        """Note what can't be measured here."""
        self.add(left_out=(*self.report.left_out, why))

    def keep_windows(self, of: str, windows: Sequence[Sequence[float]]) -> None:
        """Add windows to the raw log."""
        self._raw += raw_lines(of, windows)

    def measure_way(self, way: Way) -> None:
        plan = self.plan
        found, windows = measure_way(way, plan.starts, plan.windows, plan.window_s)
        self.keep_windows(way.name, windows)
        self.add(inference=(*self.report.inference, found))

    def measure_scene(self, scene: Scene) -> None:
        plan = self.plan
        found, windows = apart(True, flat_out, scene, plan.windows, plan.window_s, plan.film)
        self.keep_windows(scene.name, windows)
        self.add(flat_out=(*self.report.flat_out, found))

    def measure_overhead(self) -> None:
        self.add(overhead=apart(True, overhead, WALKING, self.plan.pairs, self.plan.film))

    def measure_camera_rate(self, scene: Scene) -> None:
        found = apart(False, at_camera_rate, scene, self.plan.live_s)
        self.add(camera_rate=(*self.report.camera_rate, found))

    def measure_command(self) -> None:
        starts = [run_command(1.0)["ready_s"] for _ in range(self.plan.starts - 1)]
        found = run_command(self.plan.command_s)
        self.add(
            footprint=Footprint(
                ready_s=median([*starts, found["ready_s"]]),
                peak_mb=found["peak_memory_mb"],
                steady_mb=found["steady_memory_mb"],
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
        measure_peers(faces, plan.windows, plan.window_s, frames=plan.film, tell=keep)

    def sustain(self) -> None:
        readings = []
        for reading in sustain(self.plan.sustained_s, self.plan.every_s):
            readings.append(reading)
            self.add(sustained=Sustained(readings=tuple(readings), knee_s=knee_s(readings)))

    def measure_phase(self, name: power.PhaseName, meter: Meter | None) -> None:
        if meter is None:
            found = power.run_stretch(name, self.plan.power_s, power.Recording(None))
            self.add(unmetered=(*self.report.unmetered, found))
            return
        phase, failure = power.run_phase(name, self.plan.power_s, meter)
        self._phases.append(phase)
        if failure:
            with suppress(MeterError):  # too little was read to say anything
                self.add(power=power.metered(meter, self._phases))
            raise MeterError(failure, meter.name)
        self.add(power=power.metered(meter, self._phases))


def measure(
    folder: Path | None,
    plan: Plan,
    *,
    meter: Meter | None = None,
    emulated: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[Report, Path]:
    """Measure this machine.

    Args:
        folder: for report.json and the raw log; by default one for this device and day under
            ``REPORTS``.
        plan: how much.
        meter: of power; without it and an external one there is no run for power.
        emulated: the processor is, even if nothing here shows it.
        say: is told what is being measured.

    Returns:
        The report and its folder; the report is partial after Ctrl-C.

    Raises:
        BundleError: the bundle is broken.
        ReportError: the report can't be written, or there is one in the folder.
    """
    if folder and (folder / REPORT).exists():
        raise ReportError(f"{folder}: expected a folder without a report, got one with {REPORT}")
    load, stat, health = os.getloadavg()[0], _stat(), read_health()
    bundle = load_bundle(bundle_folder())
    device = read_device(emulated=emulated)
    began = datetime.now().astimezone()
    session = Session(
        folder or _folder_for(device, began),
        plan,
        Report(
            date=began.isoformat(timespec="seconds"),
            version=version("smile-gate"),
            device=device,
            method=_method(bundle, plan),
            noisy=tuple(noise.at_start(health, load)),
        ),
    )
    for line in session.report.noisy:
        say(f"doubtful: {line}")
    name = "the start"
    try:
        for name, part in _parts(session, bundle, meter):
            session.add(partial=f"it ended before or in: {name}")  # unless it goes on
            session.save()
            say(name)
            try:
                part()
            except Exception as error:  # noqa: BLE001  (one part must not take the others along)
                kind = "" if isinstance(error, SmileGateError) else f"{type(error).__name__}: "
                session.leave_out(f"{name}: {kind}{error}".partition("\n")[0])
                say(session.report.left_out[-1])
        ended = ""
    except KeyboardInterrupt:
        ended = f"interrupted in: {name}"
    stolen = noise.stolen_share(stat, _stat())
    held = noise.held_back_meanwhile(health, read_health())
    found = (*session.report.noisy, *held, *noise.at_end(session.report, stolen))
    session.add(noisy=found, partial=ended)
    session.save()
    return session.report, session.folder


def _parts(session: Session, bundle: Bundle, meter: Meter | None) -> Iterator[Part]:
    """Yield what is measured, in order; one part may hang on what the one before found."""
    yield from _inference(session, bundle)
    try:
        for portrait in (HOPPER, COLLINS):
            portrait.read()
    except MissingPackageError as error:
        session.leave_out(f"all that needs faces: {error}")
        return
    for scene in QUICK:
        yield f"flat out: {scene.name}", partial(session.measure_scene, scene)
    yield "overhead of the timing", session.measure_overhead
    for scene in SMILES:
        yield f"camera rate: {scene.name}", partial(session.measure_camera_rate, scene)
    yield "smile-gate run", session.measure_command
    if session.plan.with_peers:
        yield "peers", session.measure_peers
    yield from _power(session, meter)  # before the machine is hot
    yield f"{session.plan.sustained_s / 60:g} minutes flat out", session.sustain


def _inference(session: Session, bundle: Bundle) -> Iterator[Part]:
    made: list[bytes] = []
    if session.plan.with_float:
        yield "float32", lambda: made.append(float_model_of(bundle))
    else:
        session.leave_out("float32: not in a quick run")
    if not (bundle.edgetpu_model and EDGE_TPU.usb_id()):
        lacks = "none on USB" if bundle.edgetpu_model else "no model for it in the bundle"
        session.leave_out(f"Edge TPU: {lacks}")
    for way in ways(bundle, made[0] if made else b""):
        yield f"inference: {way.name}", partial(session.measure_way, way)


def _power(session: Session, meter: Meter | None) -> Iterator[Part]:
    if meter is None and not session.plan.external:
        session.leave_out("power: no meter")
        return
    for name in power.PHASES:
        before = session.report.left_out
        yield f"power: {name}", partial(session.measure_phase, name, meter)
        if session.report.left_out != before:  # the meter is gone
            return


def _method(bundle: Bundle, plan: Plan) -> Method:
    return Method(
        bundle=digest(bundle.folder),
        windows=plan.windows,
        window_s=plan.window_s,
        camera_fps=FPS,
        sustained_s=plan.sustained_s,
        power_s=plan.power_s,
    )


def _folder_for(device: Device, began: datetime) -> Path:
    """Return a folder that is not there yet."""
    folder = day = REPORTS / device.name / began.date().isoformat()
    number = 1
    while folder.exists():
        number += 1
        folder = day.with_name(f"{day.name}-{number}")
    return folder


def _stat() -> str:
    return STAT.read_text()


def in_short(report: Report) -> Iterator[str]:
    """Yield what a report says in short; an emulated device's times are nobody's."""
    if report.device.emulated:
        yield from (*report.left_out, *report.noisy)
        return
    for one in report.inference:
        if (one.kind, one.threads, one.xnnpack) == ("int8", 1, True):
            yield f"{'one inference, one thread':28} {one.timing.p50:8.3f} ms"
    for scene in report.flat_out:
        stages = ", ".join(f"{name} {ms:.2f} ms" for name, ms in scene.stages_ms.items())
        yield f"{scene.scene:28} {scene.timing.p50:8.3f} ms, of which {stages}"
        yield f"{'':28} {scene.timing.per_s:8.0f} frames per second"
    for live in report.camera_rate:
        if not live.pin_ms:  # nothing fired
            continue
        yield (
            f"{live.scene} at {FPS:g} fps: {100 * live.cpu_share:.1f} % of a core, frames "
            f"{live.age_ms['p50']:.1f} ms old when decided on, {live.pin_ms['p50']:.1f} ms to the "
            f"pin, {live.dropped} of {live.frames + live.dropped} dropped"
        )
    if report.footprint:
        found = report.footprint
        yield (
            f"smile-gate run: first frame judged after {found.ready_s:.2f} s; "
            f"{found.steady_mb:.0f} MB, at most {found.peak_mb:.0f} MB"
        )
    if report.overhead is not None:
        yield f"timing costs {100 * report.overhead:.2f} % of a walking face's frame rate"
    if report.power and report.power.joules_per_frame is not None:
        yield f"{report.power.joules_per_frame:.4f} J a frame, by {report.power.meter}"
    yield from (*report.left_out, *report.noisy)
