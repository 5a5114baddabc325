"""The pictures of one report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.meters import GAP_PERIODS
from benchmarks.report.drawing import (
    BLUE,
    COLOURS,
    GREEN,
    INK,
    ORANGE,
    QUIET,
    RED,
    beside,
    chart,
    milliseconds,
    rows,
)
from benchmarks.report.figures import configuration, faces_in, first_of_each, short, stage_ms
from benchmarks.report.schema import FlatOut, Peer, Phase, Power, Reading, Report, Sustained

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW = 0.36
"""Height of a row, inches."""

POINTS = 100
"""That a trace is drawn with, at most, but for its gaps."""

KIND_COLOURS = {"int8": BLUE, "float32": ORANGE, "edge tpu": GREEN}
STAGE_COLOURS = {"faces": BLUE, "classifier": ORANGE, "trigger": GREEN, "outputs": RED}
THROTTLED_NOW = 0xF  # the low bits; those above tell what was before


def draw(report: Report, folder: Path) -> list[str]:
    """Draw the charts for which a report has data, and remove those for which it has none.

    A device that was emulated has none: its times mean nothing.

    Returns:
        The names of the files in the folder.

    Raises:
        MissingPackageError: matplotlib is not there; nothing was changed.
        OSError: a file can't be written.
    """
    drawn = []
    for name, (has, picture) in PICTURES.items():
        if has(report) and not report.device.emulated:
            picture(report, folder / name)
            drawn.append(name)
        else:
            with suppress(FileNotFoundError):
                (folder / name).unlink()
    return drawn


def scene_label(scene: str, faces: int) -> str:
    """Return ``4 faces, still at 640x480`` for a scene's name and faces."""
    return f"{faces_in(faces)}, {scene.partition(' ')[2] or scene}"


def _latency(report: Report, path: Path) -> None:
    found = report.inference
    fastest = min(one.timing.p50 for one in found)
    with chart(
        path,
        f"One inference: {short(fastest)} ms at best",
        [ROW * len(found) + 0.4],
        "dot: median; fine strokes: each window's; bar: up to the\n"
        "99th percentile, thick stroke at the 90th",
    ) as [axes]:
        rows(axes, [configuration(one.kind, one.threads, one.xnnpack) for one in found])
        for row, one in enumerate(found):
            colour, timing = KIND_COLOURS[one.kind], one.timing
            axes.plot([timing.p50, timing.p99], [row] * 2, color=colour, lw=5, alpha=0.3, zorder=2)
            axes.plot(timing.windows, [row] * len(timing.windows), "|", color=colour, ms=13, mew=1)
            axes.plot(timing.p90, row, "|", color=colour, ms=9, mew=2.5)
            axes.plot(timing.p50, row, "o", color=colour, ms=8)
            beside(axes, timing.p99, row, f"{short(timing.p50)} ms")
        milliseconds(axes, fastest, max(one.timing.p99 for one in found))


def _one_scene_for_each_face_count(found: Sequence[FlatOut]) -> list[FlatOut]:
    first: dict[int, FlatOut] = {}
    for one in found:
        first.setdefault(one.faces, one)
    return [first[faces] for faces in sorted(first)]


def _with_stages(report: Report) -> list[FlatOut]:
    return [one for one in _one_scene_for_each_face_count(report.flat_out) if one.stages_ms]


def _stages(report: Report, path: Path) -> None:
    found = _with_stages(report)
    steps = [_steps(one) for one in found]
    longest = max(one.timing.p50 for one in found)
    with chart(
        path,
        "Where a frame's time goes",
        [0.8 * ROW * len(one) + 0.3 for one in steps],
        "medians; each stage begins where the one before it ends",
    ) as panels:
        for axes, scene, stairs in zip(panels, found, steps, strict=True):
            rows(axes, [name for name, _, _ in stairs])
            for row, (name, start, ms) in enumerate(stairs):
                colour = STAGE_COLOURS.get(name, QUIET)
                axes.barh(row, ms, left=start, height=0.62, color=colour)
                beside(axes, start + ms, row, f"{stage_ms(ms)} ms")
            axes.set_xlim(0, longest * 1.2)
            axes.set_title(scene_label(scene.scene, scene.faces))
            axes.tick_params(labelbottom=axes is panels[-1])
        panels[-1].set_xlabel("ms")


def _steps(scene: FlatOut) -> list[tuple[str, float, float]]:
    """Return name, start and length of each stage, ms, and last the whole frame."""
    whole = scene.timing.p50
    steps, end = [], 0.0
    for name, ms in scene.stages_ms.items():
        if ms:
            steps.append((name, end, ms))
            end += ms
    if whole - end > 0.02 * whole:
        steps.append(("other", end, whole - end))
    return [*steps, ("frame", 0.0, whole)]


def _fps(report: Report, path: Path) -> None:
    found = sorted(report.flat_out, key=lambda one: one.faces)
    height = 0.5 * len(found) + 0.5
    with chart(path, "Frames a second, by faces in the picture", [height]) as [axes]:
        rows(axes, [scene_label(one.scene, one.faces).replace(", ", "\n", 1) for one in found])
        for row, one in enumerate(found):
            axes.barh(row, one.timing.per_s, height=0.6, color=BLUE)
            beside(axes, one.timing.per_s, row, short(one.timing.per_s))
        axes.set_xlim(0, max(one.timing.per_s for one in found) * 1.15)
        axes.set_xlabel("flat out, on one core")
        axes.axvline(report.method.camera_fps, color=ORANGE, lw=1.5)
        axes.annotate(
            f"the camera's {short(report.method.camera_fps)}",
            (report.method.camera_fps, 1.0),
            (3, 3),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            color=ORANGE,
        )


def _heat(report: Report, path: Path) -> None:
    sustained = report.sustained or Sustained(readings=())
    readings = sustained.readings
    lines: list[tuple[str, str, Callable[[Reading], float | None]]] = [
        ("frames a second", BLUE, lambda one: one.fps),
        ("°C, hottest part", RED, lambda one: one.temperature_c),
        ("MHz, mean of the cores", GREEN, lambda one: one.clock_mhz),
    ]
    lines = [line for line in lines if any(line[2](one) is not None for one in readings)]
    minutes = [one.at_s / 60 for one in readings]
    knee = sustained.knee_s
    title = (
        f"Slower from {clock(knee)} on"
        if knee is not None
        else f"No slower in {clock(readings[-1].at_s)} minutes"
    )
    slow = np.array([bool((one.throttled or 0) & THROTTLED_NOW) for one in readings])
    note = "shaded: the firmware warns of voltage or heat" if slow.any() else ""
    with chart(path, title, [1.35] * len(lines), note) as panels:
        for axes, (label, colour, value) in zip(panels, lines, strict=True):
            values = np.array([value(one) for one in readings], np.float64)  # None becomes nan
            axes.plot(minutes, values, color=colour, lw=1.8)
            axes.set_title(label, color=colour)
            axes.set_xlim(0, minutes[-1])
            if "°C" in label:
                axes.margins(y=0.15)
            else:
                axes.set_ylim(0, float(np.nanmax(values)) * 1.15)
            if knee is not None:
                axes.axvline(knee / 60, color=INK, lw=1, ls="--")
            axes.tick_params(labelbottom=axes is panels[-1])
            axes.fill_between(
                minutes,
                0,
                1,
                where=slow.tolist(),
                transform=axes.get_xaxis_transform(),
                color=ORANGE,
                alpha=0.15,
                lw=0,
            )
        panels[-1].set_xlabel("minutes, flat out")


def clock(seconds: float) -> str:
    """Return minutes and seconds, such as 6:40."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _power(report: Report, path: Path) -> None:
    power = report.power
    if power is None:
        return
    phases = [one for one in power.phases if one.samples]
    estimate = ", an estimate" if power.estimate else ""
    joules = power.joules_per_frame
    title = "Power" if joules is None else f"{short(1e3 * joules)} mJ a frame, flat out"
    note = "line: mean of neighbours; shaded: least to most; blank: no samples"
    with chart(path, title, [2.6], note) as [axes]:
        start, most = 0.0, 0.0
        for colour, one in zip(COLOURS, phases, strict=False):
            middle = start + one.seconds / 2
            most = max(most, _trace(axes, one, start, power, colour))
            axes.annotate(
                f"{one.name}\n{short(one.mean_w)} W",
                (middle, 1.0),
                (0, -4),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                ha="center",
                va="top",
                color=colour,
                fontweight="bold",
            )
            start += one.seconds
        axes.set_xlim(0, start)
        axes.set_ylim(0, most * 1.35)
        axes.set_title(f"watts, by the meter {power.meter}{estimate}")
        axes.set_xlabel("seconds")


def _trace(axes: Axes, phase: Phase, start: float, power: Power, colour: str) -> float:
    """Draw a phase's samples in so many points at most, broken at gaps; return the highest."""
    times = np.array([one.at_s for one in phase.samples])
    watts = np.array([one.watts for one in phase.samples])
    size = -(-len(times) // POINTS)
    cuts = np.flatnonzero(np.diff(times) > GAP_PERIODS / power.rate_hz) + 1
    for some_times, some_watts in zip(np.split(times, cuts), np.split(watts, cuts), strict=True):
        bins = np.arange(0, len(some_times), size)
        counts = np.diff([*bins, len(some_times)])
        middles = start + np.add.reduceat(some_times, bins) / counts
        low, high = np.minimum.reduceat(some_watts, bins), np.maximum.reduceat(some_watts, bins)
        axes.fill_between(middles, low, high, color=colour, alpha=0.25, lw=0)
        axes.plot(middles, np.add.reduceat(some_watts, bins) / counts, color=colour, lw=1.5)
    return float(watts.max())


def _judged(report: Report) -> list[Peer]:
    return [one for one in first_of_each(report.peers) if one.timing and one.accuracy]


def _peers(report: Report, path: Path) -> None:
    found = _judged(report)
    with chart(path, "Right answers against time, in the same run", [3.2]) as [axes]:
        for one in found:
            if one.timing is None or one.accuracy is None:
                continue
            colour = ORANGE if one is report.peers[0] else BLUE
            axes.plot(one.timing.p50, one.accuracy.percent, "o", color=colour, ms=10)
            beside(axes, one.timing.p50, one.accuracy.percent, f" {one.name}", colour)
        times = [one.timing.p50 for one in found if one.timing]
        milliseconds(axes, min(times), max(times))
        axes.margins(y=0.2)
        axes.set_title("% right on GENKI-4K's test part: higher and further left is better")
        axes.set_xlabel(f"{axes.get_xlabel()}, one face crop on one thread")


Picture = Callable[[Report, Path], None]
PICTURES: dict[str, tuple[Callable[[Report], bool], Picture]] = {
    "latency.svg": (lambda report: bool(report.inference), _latency),
    "stages.svg": (lambda report: bool(_with_stages(report)), _stages),
    "fps.svg": (lambda report: bool(report.flat_out), _fps),
    "heat.svg": (
        lambda report: report.sustained is not None and len(report.sustained.readings) > 1,
        _heat,
    ),
    "power.svg": (
        lambda report: report.power is not None and any(one.samples for one in report.power.phases),
        _power,
    ),
    "peers.svg": (lambda report: len(_judged(report)) > 1, _peers),
}
