"""The style and layout that all charts share. Needs matplotlib: the extra ``demo``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.report.formatting import short
from benchmarks.report.report_json import publish
from edge.errors import MissingPackageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 6.0
"""Inches; a telephone still shows the text in a readable size."""

ENDINGS = (".svg", ".png")

INK, GREY, GRID = "#222222", "#5f6b7a", "#e3e7ec"
BLUE, ORANGE, GREEN, RED = "#3b6ea5", "#c0741a", "#3f8a63", "#b3423a"
COLOURS = (BLUE, ORANGE, GREEN, RED, "#7a5ba6", "#7a7a2e")

_STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 11.0,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlelocation": "left",
    "axes.titlesize": 11.0,
    "axes.titlecolor": GREY,
    "grid.color": GRID,
    "xtick.color": GREY,
    "ytick.color": GREY,
    **{f"{axis}tick.{rank}.size": 0.0 for axis in "xy" for rank in ("major", "minor")},
    "figure.facecolor": "white",
    # Text stays text, and the same report gives the same bytes.
    "svg.fonttype": "none",
    "svg.hashsalt": "smile-gate",
}


@contextmanager
def chart(path: Path, title: str, heights: Sequence[float], note: str = "") -> Iterator[list[Axes]]:
    """Create a chart; the body of the ``with`` draws on the axes of each panel, and at its end the
    file is written.

    Args:
        path: of the file, whose name ends in one of ``ENDINGS``.
        title: of the chart.
        heights: of the panels from top to bottom, inches.
        note: how to read the chart; it is shown below the panels.

    Raises:
        MissingPackageError: matplotlib is not installed.
        OSError: the file can't be written.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ImportError as error:
        raise MissingPackageError(
            "charts: expected matplotlib, got none; pip install 'smile-gate[demo]'",
            name="matplotlib",
        ) from error
    with rc_context(_STYLE):
        height = sum(heights) + (1.0 if note else 0.75)
        layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08)
        figure = Figure(figsize=(WIDTH, height), layout=layout)
        figure.suptitle(title, x=0.02, ha="left", fontsize=13.0, fontweight="bold")
        if note:
            figure.supxlabel(note, x=0.02, ha="left", fontsize=10.0, color=GREY)
        panels = figure.subplots(len(heights), 1, squeeze=False, height_ratios=list(heights))
        yield list(panels[:, 0])
        _write(figure, path)


def _write(figure: Figure, path: Path) -> None:
    # The results of the layout's solver differ from run to run in their last digits.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        x, y, width, height = (round(value, 4) for value in axes.get_position().bounds)
        axes.set_position((x, y, width, height))
    for text in figure.texts:
        x, y = text.get_position()
        text.set_position((round(x, 4), round(y, 4)))
    data, kind = BytesIO(), path.suffix[1:]
    metadata = {"Date": None} if kind == "svg" else {}
    figure.savefig(data, format=kind, dpi=200, metadata=metadata)
    publish(path, data.getvalue())


def label_rows(axes: Axes, labels: Sequence[str]) -> None:
    """Turn a panel into labelled rows, the first on top, with a grid on the x axis only."""
    axes.set_yticks(range(len(labels)), labels, color=INK)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)


def scale_milliseconds(axes: Axes, low: float, high: float) -> None:
    """Scale the x axis for times from low to high, logarithmic for a wide range."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    if high > 8 * low:
        axes.set_xscale("log")
        axes.set_xlim(low / 1.4, high * 2.8)  # with room for the text beside the last point
        steps = (1.0, 2.0, 5.0) if high < 80 * low else (1.0,)
        axes.xaxis.set_major_locator(LogLocator(subs=steps))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_xlim(0, high * 1.3)
    axes.set_xlabel("ms")


def write_beside(
    axes: Axes, x: float, y: float, text: str, offset: tuple[float, float] = (6, 0), **style: Any
) -> None:
    """Write a text beside a point, by default to the right; the offset is in points."""
    style = {"va": "center", "color": INK, **style}
    axes.annotate(text, (x, y), offset, textcoords="offset points", **style)


def write_at_top(
    axes: Axes, x: float, text: str, offset: tuple[float, float], **style: Any
) -> None:
    """Write a text at the upper edge of a panel; x is a value, the offset is in points."""
    write_beside(axes, x, 1.0, text, offset, xycoords=("data", "axes fraction"), **style)
