"""Reports of several devices, or of several bundles on one, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import fields

from benchmarks.report.drawing import COLOURS, beside, chart, rows
from benchmarks.report.figures import (
    ACCURACY,
    ENERGY,
    INFERENCE,
    KEY_FIGURES,
    NONE,
    ONE_FACE,
    PIN,
    TWELVE_FACES,
    KeyFigure,
    short,
    table,
)
from benchmarks.report.schema import Method, Report, read_report
from edge.errors import SmileGateError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BARS = (ONE_FACE, TWELVE_FACES, INFERENCE, PIN, ENERGY)
ROW = 0.32


class CompareError(SmileGateError, ValueError):
    """Reports can't be held against each other."""


def compare(paths: Sequence[Path], *, bundles: bool = False) -> dict[str, Report]:
    """Read reports that were measured alike.

    Args:
        paths: of report.json files, or their folders.
        bundles: compare bundles on one device, where otherwise it is devices with one bundle.

    Returns:
        The reports by a short name that tells them apart.

    Raises:
        CompareError: there are fewer than two, or they are unlike in what must be alike.
        ReportError: one is missing, of another schema, or not a report.
    """
    if len(paths) < 2:
        raise CompareError(f"compare: expected two reports or more, got {len(paths)}")
    reports = [read_report(path) for path in paths]
    for path, report in zip(paths, reports, strict=True):
        if report.device.emulated:
            raise CompareError(f"{path}: expected a real device, got an emulated one")
    first, *others = zip(paths, reports, strict=True)
    for other in others:
        _check_alike(first, other, bundles=bundles)
    names = [one.device.name for one in reports]
    if len(set(names)) < len(names):
        names = [f"{one.device.name} {one.date[:10]}" for one in reports]
    if len(set(names)) < len(names):
        names = [str(path) for path in paths]
    if len(set(names)) < len(names):
        raise CompareError("compare: expected different reports, got one twice")
    return dict(zip(names, reports, strict=True))


def _check_alike(first: tuple[Path, Report], second: tuple[Path, Report], *, bundles: bool) -> None:
    (path, one), (other_path, other) = first, second
    alike = {
        f"method.{field.name}": (getattr(one.method, field.name), getattr(other.method, field.name))
        for field in fields(Method)
        if not (bundles and field.name == "bundle")
    }
    if bundles:
        alike["device.name"] = (one.device.name, other.device.name)
    for name, (expected, got) in alike.items():
        if expected != got:
            raise CompareError(
                f"{other_path}: expected {name} {expected} as in {path}, got {got}: "
                "measured unlike, can't be compared"
            )


def _covered(reports: dict[str, Report]) -> set[str]:
    """Return what the power meters covered: one thing, or energies can't be compared."""
    return {report.power.covers for report in reports.values() if report.power}


def _comparable(figures: Sequence[KeyFigure], reports: dict[str, Report]) -> list[KeyFigure]:
    alike = len(_covered(reports)) < 2
    return [figure for figure in figures if alike or figure.unit not in {"W", ENERGY.unit}]


def lines(reports: dict[str, Report]) -> list[str]:
    """Return a table of what at least one of the reports has, and what is to be said of them."""
    body = []
    for figure in _comparable(KEY_FIGURES, reports):
        cells = [figure.written(report) for report in reports.values()]
        if any(cell != NONE for cell in cells):
            body.append([figure.label, *cells, *_times(figure, list(reports.values()))])
    times = ["second / first"] if len(reports) == 2 else []
    doubts = [
        f"{name}: {doubt}"
        for name, report in reports.items()
        for doubt in (*([f"partial: {report.partial}"] if report.partial else []), *report.noisy)
    ]
    if len(covered := _covered(reports)) > 1:
        doubts.append(
            f"power is left out, as meters covered unlike things: {'; '.join(sorted(covered))}"
        )
    return [*table(["", *reports, *times], body), *doubts]


def _times(figure: KeyFigure, reports: Sequence[Report]) -> list[str]:
    """Return how many times the first the second is, where there are two."""
    if len(reports) != 2:
        return []
    first, second = (figure.of(report) for report in reports)
    return [NONE if not first or second is None else short(second / first)]


def draw(reports: dict[str, Report], path: Path) -> None:
    """Draw what tells the reports apart, and right answers against energy where both are known.

    Raises:
        CompareError: there is nothing to draw.
        MissingPackageError: matplotlib is not there.
        OSError: the file can't be written.
    """
    comparable = _comparable(BARS, reports)
    bars = [
        one for one in comparable if any(one.of(report) is not None for report in reports.values())
    ]
    points = {
        name: (energy, percent)
        for name, report in reports.items()
        if ENERGY in comparable
        and (energy := ENERGY.of(report)) is not None
        and (percent := ACCURACY.of(report)) is not None
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
    rows(axes, list(reports))
    values = [figure.of(report) for report in reports.values()]
    for row, value in enumerate(values):
        if value is not None:
            axes.barh(row, value, height=0.62, color=COLOURS[row % len(COLOURS)])
        beside(axes, value or 0.0, row, "not measured" if value is None else short(value))
    axes.set_xlim(0, max(value for value in values if value is not None) * 1.2)
    axes.set_title(figure.label)
    axes.tick_params(labelbottom=False)
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)


def _points(axes: Axes, points: dict[str, tuple[float, float]], names: Sequence[str]) -> None:
    ranked = sorted(points.items(), key=lambda point: point[1])
    for rank, (name, at) in enumerate(ranked):
        colour = COLOURS[names.index(name) % len(COLOURS)]
        up = 14 if rank % 2 == 0 else -14  # neighbours keep apart
        axes.plot(*at, "o", color=colour, ms=10)
        axes.annotate(name, at, (0, up), textcoords="offset points", va="center", color=colour)
    axes.set_xlim(0, max(energy for energy, _ in points.values()) * 1.2)
    axes.margins(y=0.4)
    axes.set_title("% right on GENKI-4K's test part, against energy")
    axes.set_xlabel(ENERGY.label)
