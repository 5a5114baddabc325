"""Several reports side by side: of several devices, or of several bundles on one device."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import fields

from benchmarks.report.chart_style import COLOURS, chart, label_rows, write_beside
from benchmarks.report.formatting import NONE, short, table
from benchmarks.report.key_figures import ACCURACY, ENERGY, KEY_FIGURES, MAIN_FIGURES, KeyFigure
from benchmarks.report.report_json import read_report
from benchmarks.report.schema import Method, Report
from edge.errors import SmileGateError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW = 0.32
"""Height of a row, inches."""


class CompareError(SmileGateError, ValueError):
    """The reports can't be compared."""


def compare(paths: Sequence[Path], *, bundles: bool = False) -> dict[str, Report]:
    """Read reports that were measured by the same method.

    Args:
        paths: of report.json files, or of their folders.
        bundles: compare several bundles on one device, not several devices with one bundle.

    Returns:
        The reports by a short name that identifies each of them.

    Raises:
        CompareError: there are fewer than two reports, or their methods differ.
        ReportError: a file is missing, has another schema, or is not a report.
    """
    if len(paths) < 2:
        raise CompareError(f"compare: expected two reports or more, got {len(paths)}")
    reports = [read_report(path) for path in paths]
    for path, report in zip(paths, reports, strict=True):
        if report.device.emulated:
            raise CompareError(f"{path}: expected a real device, got an emulated one")
    first, *others = zip(paths, reports, strict=True)
    for other in others:
        _check_method(*first, *other, bundles=bundles)
    devices = [report.device.name for report in reports]
    dates = [report.date[:10] for report in reports]
    dated = [f"{device} {date}" for device, date in zip(devices, dates, strict=True)]
    for names in (devices, dated, [str(path) for path in paths]):
        if len(set(names)) == len(names):
            return dict(zip(names, reports, strict=True))
    raise CompareError("compare: expected different reports, got one twice")


def _check_method(
    path: Path, report: Report, other_path: Path, other: Report, *, bundles: bool
) -> None:
    names = [f"method.{field.name}" for field in fields(Method)]
    if bundles:
        names.remove("method.bundle")
        names.append("device.name")
    for name in names:
        expected, got = (attrgetter(name)(each) for each in (report, other))
        if expected != got:
            raise CompareError(
                f"{other_path}: expected {name} {expected} as in {path}, got {got}: "
                "measured unlike, can't be compared"
            )


def _covered(reports: dict[str, Report]) -> set[str]:
    """Return what the power meters covered; two different answers can't be compared."""
    return {report.power.covers for report in reports.values() if report.power}


def _shown(figures: Sequence[KeyFigure], reports: dict[str, Report]) -> list[KeyFigure]:
    """Return the figures that any report has, without power if it can't be compared."""
    hidden = {"W", ENERGY.unit} if len(_covered(reports)) > 1 else {}
    return [
        figure
        for figure in figures
        if figure.unit not in hidden
        and any(figure.value(report) is not None for report in reports.values())
    ]


def lines(reports: dict[str, Report]) -> list[str]:
    """Return a Markdown table of the key figures, and below the reasons to doubt them."""
    two = len(reports) == 2
    body = [
        [
            figure.label,
            *(figure.text(report) for report in reports.values()),
            *([_ratio(figure, *reports.values())] if two else []),
        ]
        for figure in _shown(KEY_FIGURES, reports)
    ]
    doubts = [
        f"{name}: {doubt}"
        for name, report in reports.items()
        for doubt in (*([f"partial: {report.partial}"] if report.partial else []), *report.noisy)
    ]
    if len(covered := _covered(reports)) > 1:
        doubts.append(
            f"power is left out, as meters covered unlike things: {'; '.join(sorted(covered))}"
        )
    return [*table(["", *reports, *(["second / first"] if two else [])], body), *doubts]


def _ratio(figure: KeyFigure, first: Report, second: Report) -> str:
    before, after = figure.value(first), figure.value(second)
    return NONE if not before or after is None else short(after / before)


def draw(reports: dict[str, Report], path: Path) -> None:
    """Draw the main key figures as bars, and accuracy against energy where both are known.

    Raises:
        CompareError: no report has a figure to draw.
        MissingPackageError: matplotlib is not installed.
        OSError: the file can't be written.
    """
    bars = _shown(MAIN_FIGURES, reports)
    points = {
        name: (energy, percent)
        for name, report in reports.items()
        if ENERGY in bars
        and (energy := ENERGY.value(report)) is not None
        and (percent := ACCURACY.value(report)) is not None
    }
    if not bars:
        raise CompareError("compare: expected figures to draw, got none in these reports")
    heights = [ROW * len(reports) + 0.4] * len(bars) + [2.4] * bool(points)
    with chart(path, f"{len(reports)} reports side by side", heights) as panels:
        for axes, figure in zip(panels, bars, strict=False):
            _bars(axes, figure, reports)
        if points:
            _points(panels[-1], points, list(reports))


def _bars(axes: Axes, figure: KeyFigure, reports: dict[str, Report]) -> None:
    label_rows(axes, list(reports))
    values = [figure.value(report) for report in reports.values()]
    for row, value in enumerate(values):
        if value is not None:
            axes.barh(row, value, height=0.62, color=COLOURS[row % len(COLOURS)])
        write_beside(axes, value or 0.0, row, "not measured" if value is None else short(value))
    axes.set_xlim(0, max(value for value in values if value is not None) * 1.2)
    axes.set_title(figure.label)
    axes.tick_params(labelbottom=False)
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)


def _points(axes: Axes, points: dict[str, tuple[float, float]], names: Sequence[str]) -> None:
    ranked = sorted(points.items(), key=lambda point: point[1])
    for rank, (name, point) in enumerate(ranked):
        colour = COLOURS[names.index(name) % len(COLOURS)]
        offset = (0, 14 if rank % 2 == 0 else -14)  # keeps the names of neighbours apart
        axes.plot(*point, "o", color=colour, ms=10)
        write_beside(axes, *point, name, offset, color=colour)
    axes.set_xlim(0, max(energy for energy, _ in points.values()) * 1.2)
    axes.margins(y=0.4)
    axes.set_title("% right on GENKI-4K's test part, against energy")
    axes.set_xlabel(ENERGY.label)
