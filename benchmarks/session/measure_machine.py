"""Measures this machine part by part, and keeps the report after each part."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from importlib.metadata import version
from itertools import chain, count
from pathlib import Path

from benchmarks.bundle import bundle_folder, digest
from benchmarks.machine import noise
from benchmarks.machine.device import read_device
from benchmarks.measure import power
from benchmarks.measure.inference import float_model_of, ways
from benchmarks.meters.meter import Meter
from benchmarks.report.report_json import REPORT, ReportError
from benchmarks.report.schema import Device, Method, Report
from benchmarks.session.session import Plan, Session
from benchmarks.simulate.scenes import FPS
from edge.cameras.demo import COLLINS, HOPPER, Portrait
from edge.errors import MissingPackageError, SmileGateError
from edge.model.bundle import Bundle, load_bundle
from edge.model.edgetpu import EDGE_TPU
from edge.service.board import read_health

REPORTS = Path("benchmarks/reports")
STAT = Path("/proc/stat")

Part = tuple[str, Callable[[], None]]


def measure_machine(
    folder: Path | None,
    plan: Plan,
    *,
    meter: Meter | None = None,
    emulated: bool = False,
    portraits: Sequence[Portrait] = (HOPPER, COLLINS),
    log: Callable[[str], None] = lambda _: None,
) -> tuple[Report, Path]:
    """Measure this machine.

    Args:
        folder: for report.json and the raw log; by default a new folder for this device and day
            under ``REPORTS``.
        plan: how much is measured.
        meter: of power; without this and an external meter there are no phases for power.
        emulated: the processor is emulated, even if no file shows it.
        portraits: of which scenes are made; without them scenes are left out.
        log: is called with the name of each part as it begins, and with the reason why a part
            failed or timings are doubtful.

    Returns:
        The report and its folder; the report is partial after Ctrl-C.

    Raises:
        BundleError: the bundle is broken.
        ReportError: the report can't be written, or the folder has a report already.
    """
    if folder and (folder / REPORT).exists():
        raise ReportError(f"{folder}: expected a folder without a report, got one with {REPORT}")
    load, stat, health = os.getloadavg()[0], STAT.read_text(), read_health()
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
            method=Method(
                bundle=digest(bundle.folder),
                windows=plan.windows,
                window_s=plan.window_s,
                camera_fps=FPS,
                sustained_s=plan.sustained_s,
                power_s=plan.power_s,
            ),
            noisy=tuple(noise.at_start(health, load)),
        ),
    )
    for line in session.report.noisy:
        log(f"doubtful: {line}")
    name = "the start"
    try:
        for name, part in _parts(session, bundle, meter, portraits):
            session.add(partial=f"it ended before or in: {name}")  # for whoever kills this process
            session.save()
            log(name)
            try:
                part()
            except Exception as error:  # noqa: BLE001  (a part that fails must not end the others)
                kind = "" if isinstance(error, SmileGateError) else f"{type(error).__name__}: "
                session.leave_out(f"{name}: {kind}{error}".partition("\n")[0])
                log(session.report.left_out[-1])
        ended = ""
    except KeyboardInterrupt:
        ended = f"interrupted in: {name}"
    stolen = noise.stolen_share(stat, STAT.read_text())
    throttled = noise.throttled_meanwhile(health, read_health())
    noisy = (*session.report.noisy, *throttled, *noise.at_end(session.report, stolen))
    session.add(noisy=noisy, partial=ended)
    session.save()
    return session.report, session.folder


def _parts(
    session: Session, bundle: Bundle, meter: Meter | None, portraits: Sequence[Portrait]
) -> Iterator[Part]:
    """Yield the parts in order; a part may depend on the figures of earlier parts."""
    yield from _inference(session, bundle)
    try:
        for portrait in portraits:
            portrait.read()
    except MissingPackageError as error:
        session.leave_out(f"all that needs faces: {error}")
        return
    for scene in session.plan.scenes:
        yield f"flat out: {scene.name}", partial(session.measure_scene, scene)
    yield "overhead of the timing", session.measure_overhead
    for scene in session.plan.smiles:
        yield f"camera rate: {scene.name}", partial(session.measure_camera_rate, scene)
    yield "smile-gate run", session.measure_command
    if session.plan.peers:
        yield "peers", session.measure_peers
    yield from _power(session, meter)  # before the machine is hot
    yield f"{session.plan.sustained_s / 60:g} minutes flat out", session.sustain


def _inference(session: Session, bundle: Bundle) -> Iterator[Part]:
    float_models: list[bytes] = []
    if session.plan.with_float:
        yield "float32", lambda: float_models.append(float_model_of(bundle))
    else:
        session.leave_out("float32: not in a quick run")
    if not (bundle.edgetpu_model and EDGE_TPU.usb_id()):
        lacks = "none on USB" if bundle.edgetpu_model else "no model for it in the bundle"
        session.leave_out(f"Edge TPU: {lacks}")
    for way in ways(bundle, b"".join(float_models), session.plan.most_threads):
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


def _folder_for(device: Device, began: datetime) -> Path:
    """Return the name of a new folder for this device and day."""
    day = REPORTS / device.name / began.date().isoformat()
    later = (day.with_name(f"{day.name}-{number}") for number in count(2))
    return next(folder for folder in chain([day], later) if not folder.exists())
