"""What all charts look like. Needs matplotlib: the extra ``demo``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.report.figures import short
from benchmarks.report.schema import publish
from edge.errors import MissingPackageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 6.0
"""Inches, narrow enough that a telephone shows the letters in a size to read."""

ENDINGS = (".svg", ".png")

INK, QUIET, GRID = "#222222", "#5f6b7a", "#e3e7ec"
BLUE, ORANGE, GREEN, RED = "#3b6ea5", "#c0741a", "#3f8a63", "#b3423a"
COLOURS = (BLUE, ORANGE, GREEN, RED, "#7a5ba6", "#7a7a2e")

_STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 11.0,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlelocation": "left",
    "axes.titlesize": 11.0,
    "axes.titlecolor": QUIET,
    "grid.color": GRID,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.major.size": 0.0,
    "xtick.minor.size": 0.0,
    "ytick.major.size": 0.0,
    "ytick.minor.size": 0.0,
    "figure.facecolor": "white",
    # Letters stay letters, and the same report gives the same bytes.
    "svg.fonttype": "none",
    "svg.hashsalt": "smile-gate",
}


@contextmanager
def chart(path: Path, title: str, heights: Sequence[float], note: str = "") -> Iterator[list[Axes]]:
    """Draw one chart in the body of the ``with``; it is written when that ends.

    Args:
        path: of the file, whose name ends in one of ``ENDINGS``.
        title: what the chart says.
        heights: of the panels, one below the other, inches.
        note: below the panels, how to read them.

    Raises:
        MissingPackageError: matplotlib is not there.
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
            figure.supxlabel(note, x=0.02, ha="left", fontsize=10.0, color=QUIET)
        panels = figure.subplots(len(heights), 1, squeeze=False, height_ratios=list(heights))
        yield list(panels[:, 0])
        _write(figure, path)


def _write(figure: Figure, path: Path) -> None:
    # The layout's solver differs in the last digits from run to run.
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


def rows(axes: Axes, labels: Sequence[str]) -> None:
    """Make a panel of rows with labels, the first on top; only its other axis has a grid."""
    axes.set_yticks(range(len(labels)), labels, color=INK)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)


def milliseconds(axes: Axes, low: float, high: float) -> None:
    """Make the lower axis one of times, logarithmic where they are far apart."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    if high > 8 * low:
        axes.set_xscale("log")
        axes.set_xlim(low / 1.4, high * 2.8)  # there is room for what is written beside the last
        steps = (1.0, 2.0, 5.0) if high < 80 * low else (1.0,)
        axes.xaxis.set_major_locator(LogLocator(subs=steps))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_xlim(0, high * 1.3)
    axes.set_xlabel("ms")


def beside(axes: Axes, x: float, y: float, text: str, colour: str = INK) -> None:
    """Write to the right of a point."""
    axes.annotate(
        text, (x, y), (6, 0), textcoords="offset points", va="center", color=colour, fontsize=11.0
    )
