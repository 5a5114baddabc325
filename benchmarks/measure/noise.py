"""What makes the times of a run doubtful."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure.device import ROOT, held_back
from benchmarks.report.formatting import configuration
from benchmarks.report.schema import MOST_SPREAD, Report, Timing
from edge.service.board import Health

MOST_LOAD = 0.5
"""Of others, per core."""
MOST_STOLEN = 0.01


def at_start(health: Health, load: float, root: Path = ROOT) -> Iterator[str]:
    """Yield what is wrong before anything is measured.

    Args:
        health: the board's.
        load: the load average of the last minute.
        root: where ``sys`` is.
    """
    cores = os.cpu_count() or 1
    if load > MOST_LOAD * cores:
        yield f"other programs were at work at the start: load average {load:.1f} on {cores} cores"
    yield from health.warnings
    if words := held_back(root):
        yield words


def stolen_share(before: str, after: str) -> float:
    """Return the share of the machine's time that its host gave to others.

    Args:
        before: what ``/proc/stat`` said at the start.
        after: what it says now.
    """
    first, last = (list(map(int, stat.partition("\n")[0].split()[1:9])) for stat in (before, after))
    spent = [now - then for then, now in zip(first, last, strict=True)]
    return spent[7] / sum(spent) if len(spent) == 8 and sum(spent) > 0 else 0.0


def held_back_meanwhile(before: Health, after: Health) -> Iterator[str]:
    """Yield what the firmware has held back since the start, by the bits it keeps."""
    new = (after.throttled or 0) & ~(before.throttled or 0)
    for words in Health(None, new >> 16).warnings:
        yield f"meanwhile {words}"


def at_end(report: Report, stolen: float) -> Iterator[str]:
    """Yield what the figures themselves show.

    Args:
        report: with all of them.
        stolen: the share of the machine's time that its host gave to others.
    """
    if stolen > MOST_STOLEN:
        yield f"the machine is a guest whose host took {100 * stolen:.0f} % of its time"
    far = [f"{name} {100 * one.spread:.1f} %" for name, one in _timings(report) if _is_wide(one)]
    if far:
        words = f"more than {100 * MOST_SPREAD:.0f} % apart"
        yield f"the medians of the windows are {words}: {', '.join(far)}"


def _is_wide(timing: Timing) -> bool:
    return timing.spread > MOST_SPREAD


def _timings(report: Report) -> Iterator[tuple[str, Timing]]:
    for one in report.inference:
        yield configuration(one.kind, one.threads, one.xnnpack), one.timing
    for scene in report.flat_out:
        yield scene.scene, scene.timing
    for peer in report.peers:
        if peer.timing:
            yield peer.name, peer.timing
