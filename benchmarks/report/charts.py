"""The charts of one report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.report import chart_style as style
from benchmarks.report.chart_style import BLUE, GREEN, ORANGE, RED, chart, label_rows, write_beside
from benchmarks.report.formatting import clock, short, stage_ms
from benchmarks.report.schema import GAP_PERIODS, FlatOut, Phase, Power, Report, Sustained

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW = 0.36
"""Height of a row, inches."""

POINTS = 100
"""Most points of a power curve, apart from its gaps."""

KIND_COLOURS = {"int8": BLUE, "float32": ORANGE, "edge tpu": GREEN}
STAGE_COLOURS = {"faces": BLUE, "classifier": ORANGE, "trigger": GREEN, "outputs": RED}
SHADE: dict[str, Any] = {"color": ORANGE, "alpha": 0.15, "lw": 0}
THROTTLED_NOW = 0xF  # the higher bits say what happened before


def draw(report: Report, folder: Path) -> list[str]:
    """Draw the charts for which a report has data, and remove older files of the other charts.

    No chart is drawn for an emulated device, because its times mean nothing.

    Returns:
        The names of the files that were written.

    Raises:
        MissingPackageError: matplotlib is not installed; no file was changed.
        OSError: a file can't be written.
    """
    drawn = []
    for name, (has_data, draw_chart) in CHARTS.items():
        if has_data(report) and not report.device.emulated:
            draw_chart(report, folder / name)
            drawn.append(name)
        else:
            (folder / name).unlink(missing_ok=True)
    return drawn


def _latency(report: Report, path: Path) -> None:
    inferences = report.inference
    fastest = min(inference.timing.p50 for inference in inferences)
    with chart(
        path,
        f"One inference: {short(fastest)} ms at best",
        [ROW * len(inferences) + 0.4],
        "dot: median; fine strokes: each window's; bar: up to the\n"
        "99th percentile, thick stroke at the 90th",
    ) as [axes]:
        label_rows(axes, [inference.label for inference in inferences])
        for row, inference in enumerate(inferences):
            colour, timing = KIND_COLOURS[inference.kind], inference.timing
            axes.plot([timing.p50, timing.p99], [row] * 2, color=colour, lw=5, alpha=0.3, zorder=2)
            axes.plot(timing.windows, [row] * len(timing.windows), "|", color=colour, ms=13, mew=1)
            axes.plot(timing.p90, row, "|", color=colour, ms=9, mew=2.5)
            axes.plot(timing.p50, row, "o", color=colour, ms=8)
            write_beside(axes, timing.p99, row, f"{short(timing.p50)} ms")
        style.scale_milliseconds(axes, fastest, max(each.timing.p99 for each in inferences))


def _scenes_with_stages(report: Report) -> list[FlatOut]:
    """Return the first scene of each number of faces, where its stages were timed."""
    first: dict[int, FlatOut] = {}
    for scene in report.flat_out:
        first.setdefault(scene.faces, scene)
    return [first[faces] for faces in sorted(first) if first[faces].stages_ms]


def _stages(report: Report, path: Path) -> None:
    scenes = _scenes_with_stages(report)
    bars = [_stage_bars(scene) for scene in scenes]
    longest = max(scene.timing.p50 for scene in scenes)
    with chart(
        path,
        "Where a frame's time goes",
        [0.8 * ROW * len(scene_bars) + 0.3 for scene_bars in bars],
        "medians; each stage begins where the one before it ends",
    ) as panels:
        for axes, scene, scene_bars in zip(panels, scenes, bars, strict=True):
            label_rows(axes, [name for name, _, _ in scene_bars])
            for row, (name, start, ms) in enumerate(scene_bars):
                colour = STAGE_COLOURS.get(name, style.GREY)
                axes.barh(row, ms, left=start, height=0.62, color=colour)
                write_beside(axes, start + ms, row, f"{stage_ms(ms)} ms")
            axes.set_xlim(0, longest * 1.2)
            axes.set_title(scene.label)
            axes.tick_params(labelbottom=axes is panels[-1])
        panels[-1].set_xlabel("ms")


def _stage_bars(scene: FlatOut) -> list[tuple[str, float, float]]:
    """Return name, start and length in ms of each stage, and last of the whole frame."""
    whole = scene.timing.p50
    bars, end = [], 0.0
    for name, ms in scene.stages_ms.items():
        if ms:
            bars.append((name, end, ms))
            end += ms
    if whole - end > 0.02 * whole:
        bars.append(("other", end, whole - end))
    return [*bars, ("frame", 0.0, whole)]


def _fps(report: Report, path: Path) -> None:
    scenes = sorted(report.flat_out, key=lambda scene: scene.faces)
    height = 0.5 * len(scenes) + 0.5
    with chart(path, "Frames a second, by faces in the picture", [height]) as [axes]:
        label_rows(axes, [scene.label.replace(", ", "\n", 1) for scene in scenes])
        for row, scene in enumerate(scenes):
            axes.barh(row, scene.timing.per_s, height=0.6, color=BLUE)
            write_beside(axes, scene.timing.per_s, row, short(scene.timing.per_s))
        axes.set_xlim(0, max(scene.timing.per_s for scene in scenes) * 1.15)
        axes.set_xlabel("flat out, on one core")
        camera_fps = report.method.camera_fps
        axes.axvline(camera_fps, color=ORANGE, lw=1.5)
        words = f"the camera's {short(camera_fps)}"
        style.write_at_top(axes, camera_fps, words, (3, 3), va="baseline", color=ORANGE)


def _heat(report: Report, path: Path) -> None:
    sustained = report.sustained or Sustained(readings=())
    readings = sustained.readings
    curves: list[tuple[str, str, Sequence[float | None]]] = [
        ("frames a second", BLUE, [each.fps for each in readings]),
        ("°C, hottest part", RED, [each.temperature_c for each in readings]),
        ("MHz, mean of the cores", GREEN, [each.clock_mhz for each in readings]),
    ]
    curves = [curve for curve in curves if any(value is not None for value in curve[2])]
    minutes = [reading.at_s / 60 for reading in readings]
    knee = sustained.knee_s
    title = f"No slower in {clock(readings[-1].at_s)} minutes"
    if knee is not None:
        title = f"Slower from {clock(knee)} on"
    throttled = np.array([bool((each.throttled or 0) & THROTTLED_NOW) for each in readings])
    note = "shaded: the firmware warns of voltage or heat" if throttled.any() else ""
    with chart(path, title, [1.35] * len(curves), note) as panels:
        for axes, (label, colour, measured) in zip(panels, curves, strict=True):
            values = np.array(measured, np.float64)  # None becomes nan
            axes.plot(minutes, values, color=colour, lw=1.8)
            axes.set_title(label, color=colour)
            axes.set_xlim(0, minutes[-1])
            if "°C" in label:
                axes.margins(y=0.15)
            else:
                axes.set_ylim(0, float(np.nanmax(values)) * 1.15)
            if knee is not None:
                axes.axvline(knee / 60, color=style.INK, lw=1, ls="--")
            axes.tick_params(labelbottom=axes is panels[-1])
            height = axes.get_xaxis_transform()
            axes.fill_between(minutes, 0, 1, where=throttled.tolist(), transform=height, **SHADE)
        panels[-1].set_xlabel("minutes, flat out")


def _metered_phases(report: Report) -> list[Phase]:
    return [phase for phase in report.power.phases if phase.samples] if report.power else []


def _power(report: Report, path: Path) -> None:
    power = report.power
    if power is None:
        return
    estimate = ", an estimate" if power.estimate else ""
    joules = power.joules_per_frame
    title = "Power" if joules is None else f"{short(1e3 * joules)} mJ a frame, flat out"
    note = "line: mean of neighbours; shaded: least to most; blank: no samples"
    with chart(path, title, [2.6], note) as [axes]:
        start, highest = 0.0, 0.0
        for colour, phase in zip(style.COLOURS, _metered_phases(report), strict=False):
            middle = start + phase.seconds / 2
            highest = max(highest, _power_curve(axes, phase, start, power, colour))
            words = f"{phase.name}\n{short(phase.mean_w)} W"
            style.write_at_top(
                axes, middle, words, (0, -4), ha="center", va="top", color=colour, fontweight="bold"
            )
            start += phase.seconds
        axes.set_xlim(0, start)
        axes.set_ylim(0, highest * 1.35)
        axes.set_title(f"watts, by the meter {power.meter}{estimate}")
        axes.set_xlabel("seconds")


def _power_curve(axes: Axes, phase: Phase, start: float, power: Power, colour: str) -> float:
    """Draw a phase's samples as at most ``POINTS`` means, broken at gaps; return the highest."""
    times = np.array([sample.at_s for sample in phase.samples])
    watts = np.array([sample.watts for sample in phase.samples])
    size = -(-len(times) // POINTS)
    gaps = np.flatnonzero(np.diff(times) > GAP_PERIODS / power.rate_hz) + 1
    for part_times, part_watts in zip(np.split(times, gaps), np.split(watts, gaps), strict=True):
        bins = np.arange(0, len(part_times), size)
        counts = np.diff([*bins, len(part_times)])
        middles = start + np.add.reduceat(part_times, bins) / counts
        low, high = np.minimum.reduceat(part_watts, bins), np.maximum.reduceat(part_watts, bins)
        axes.fill_between(middles, low, high, color=colour, alpha=0.25, lw=0)
        axes.plot(middles, np.add.reduceat(part_watts, bins) / counts, color=colour, lw=1.5)
    return float(watts.max())


def _peer_points(report: Report) -> list[tuple[str, float, float]]:
    """Return name, time in ms and accuracy in percent of each peer for which both are known."""
    return [
        (peer.name, peer.timing.p50, peer.accuracy.percent)
        for peer in report.distinct_peers
        if peer.timing and peer.accuracy
    ]


def _peers(report: Report, path: Path) -> None:
    with chart(path, "Right answers against time, in the same run", [3.2]) as [axes]:
        points = _peer_points(report)
        for name, ms, percent in points:
            colour = ORANGE if name == report.peers[0].name else BLUE
            axes.plot(ms, percent, "o", color=colour, ms=10)
            write_beside(axes, ms, percent, f" {name}", color=colour)
        times = [ms for _, ms, _ in points]
        style.scale_milliseconds(axes, min(times), max(times))
        axes.margins(y=0.2)
        axes.set_title("% right on GENKI-4K's test part: higher and further left is better")
        axes.set_xlabel(f"{axes.get_xlabel()}, one face crop on one thread")


CHARTS: dict[str, tuple[Callable[[Report], object], Callable[[Report, Path], None]]] = {
    "latency.svg": (lambda report: report.inference, _latency),
    "stages.svg": (_scenes_with_stages, _stages),
    "fps.svg": (lambda report: report.flat_out, _fps),
    "heat.svg": (lambda report: report.sustained and report.sustained.readings[1:], _heat),
    "power.svg": (_metered_phases, _power),
    "peers.svg": (lambda report: _peer_points(report)[1:], _peers),
}
"""For each file: tells whether a report has data for the chart, and draws the chart."""
