"""The verb ``run``: measure this machine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.arguments import add_data, minutes
from benchmarks.meters.meter import Meter
from benchmarks.meters.open import EXTERNAL, KINDS, open_meter
from benchmarks.peers.measure import WAYS, Way
from benchmarks.report.report_json import REPORT
from benchmarks.report.report_md import present
from benchmarks.report.schema import Report
from benchmarks.session.measure_machine import REPORTS, measure_machine
from benchmarks.session.session import BRIEF, Plan
from benchmarks.simulate.scenes import FPS


def add_verbs(verbs: Any) -> None:
    """Add this module's verbs to argparse's subparsers."""
    verb = verbs.add_parser("run", help="measure this machine")
    verb.add_argument(
        "--out", type=Path, metavar="DIR", help=f"for report.json (default {REPORTS}/DEVICE/DATE)"
    )
    verb.add_argument("--quick", action="store_true", help="seconds for each part, no float model")
    verb.add_argument(
        "--minutes", type=minutes, help="flat out, to see what heat does (default 10)"
    )
    verb.add_argument("--peers", action="store_true", help="other ways to tell smiles too")
    add_data(verb, required=False)
    verb.add_argument("--meter", default="auto", metavar="SPEC", help=f"{KINDS} (default auto)")
    verb.add_argument(
        "--emulated", action="store_true", help="the processor is, even if nothing here shows it"
    )


def run(
    options: argparse.Namespace,
    *,
    brief: Plan = BRIEF,
    peers: Mapping[str, Way] = WAYS,
    open_meter: Callable[[str], Meter | None] = open_meter,
) -> int:
    """Measure this machine, by the ``brief`` plan if ``--quick`` is given, with ``peers`` if
    ``--peers`` is; keep a report, and print it in short."""
    plan = replace(
        brief if options.quick else Plan(),
        peers=peers if options.peers else {},
        data=options.data,
        external=options.meter == EXTERNAL,
    )
    if options.minutes is not None:
        plan = replace(plan, sustained_s=60.0 * options.minutes)
    report, folder = measure_machine(
        options.out,
        plan,
        meter=open_meter(options.meter),
        emulated=options.emulated,
        log=lambda words: print(f"benchmarks: {words}", file=sys.stderr, flush=True),
    )
    present(report, folder)
    print("\n".join(in_short(report)))
    print(f"{folder / REPORT}: all of it")
    if report.unmetered:
        print(f"power is missing: python -m benchmarks report {folder} --power-csv FILE")
    if report.partial:
        print(f"benchmarks: {report.partial}; what was measured is kept", file=sys.stderr)
        return 130
    return 0


def in_short(report: Report) -> Iterator[str]:
    """Yield a report's main figures in words; without times for an emulated device."""
    if report.device.emulated:
        yield from (*report.left_out, *report.noisy)
        return
    for way in report.inference:
        if (way.kind, way.threads, way.xnnpack) == ("int8", 1, True):
            yield f"{'one inference, one thread':28} {way.timing.p50:8.3f} ms"
    for scene in report.flat_out:
        stages = ", ".join(f"{name} {ms:.2f} ms" for name, ms in scene.stages_ms.items())
        yield f"{scene.scene:28} {scene.timing.p50:8.3f} ms, of which {stages}"
        yield f"{'':28} {scene.timing.per_s:8.0f} frames per second"
    for live in (scene for scene in report.camera_rate if scene.pin_ms):
        yield (
            f"{live.scene} at {FPS:g} fps: {100 * live.cpu_share:.1f} % of a core, frames "
            f"{live.age_ms['p50']:.1f} ms old when decided on, {live.pin_ms['p50']:.1f} ms to the "
            f"pin, {live.dropped} of {live.frames + live.dropped} dropped"
        )
    if report.footprint:
        footprint = report.footprint
        yield (
            f"smile-gate run: first frame judged after {footprint.ready_s:.2f} s; "
            f"{footprint.steady_mb:.0f} MB, at most {footprint.peak_mb:.0f} MB"
        )
    if report.overhead is not None:
        yield f"timing costs {100 * report.overhead:.2f} % of a walking face's frame rate"
    if report.power and report.power.joules_per_frame is not None:
        yield f"{report.power.joules_per_frame:.4f} J a frame, by {report.power.meter}"
    yield from (*report.left_out, *report.noisy)
