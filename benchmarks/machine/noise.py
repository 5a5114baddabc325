"""Reasons to doubt the timings of a session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from benchmarks.machine.device import ROOT, clock_limit
from benchmarks.report.schema import MOST_SPREAD, Report
from edge.service.board import Health

MOST_LOAD = 0.5
"""Load average of other programs, per core."""
MOST_STOLEN = 0.01


def at_start(health: Health, load: float, root: Path = ROOT) -> Iterator[str]:
    """Yield reasons that exist before anything is measured: the load average of the last minute,
    the board's health, and what ``sys`` below ``root`` says of the clock."""
    cores = os.cpu_count() or 1
    if load > MOST_LOAD * cores:
        yield f"other programs were at work at the start: load average {load:.1f} on {cores} cores"
    yield from health.warnings
    if words := clock_limit(root):
        yield words


def stolen_share(before: str, after: str) -> float:
    """Return the share of the machine's time that its host gave to others between two readings of
    the text of ``/proc/stat``."""
    first, last = (list(map(int, stat.partition("\n")[0].split()[1:9])) for stat in (before, after))
    spent = [now - then for then, now in zip(first, last, strict=True)]
    return spent[7] / sum(spent) if len(spent) == 8 and sum(spent) > 0 else 0.0


def throttled_meanwhile(before: Health, after: Health) -> Iterator[str]:
    """Yield what the firmware has throttled since the start, by the bits that it keeps."""
    new = (after.throttled or 0) & ~(before.throttled or 0)
    yield from (f"meanwhile {words}" for words in Health(None, new >> 16).warnings)


def at_end(report: Report, stolen: float) -> Iterator[str]:
    """Yield reasons that a report with all its figures and the share of stolen time show."""
    if stolen > MOST_STOLEN:
        yield f"the machine is a guest whose host took {100 * stolen:.0f} % of its time"
    timings = [
        *((way.label, way.timing) for way in report.inference),
        *((scene.scene, scene.timing) for scene in report.flat_out),
        *((peer.name, peer.timing) for peer in report.peers if peer.timing),
    ]
    far = [f"{name} {100 * timing.spread:.1f} %" for name, timing in timings if timing.unsteady]
    if far:
        words = f"more than {100 * MOST_SPREAD:.0f} % apart"
        yield f"the medians of the windows are {words}: {', '.join(far)}"
