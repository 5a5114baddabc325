"""How numbers, times, configurations and Markdown tables are written in reports and charts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

NONE = "-"
"""The cell of a value that was not measured."""


def short(value: float, digits: int = 3) -> str:
    """Return a number with its significant digits: 0.128, 3.5, 1,250."""
    if abs(value) < 100:
        return f"{float(f'{value:.{digits}g}'):.10f}".rstrip("0").rstrip(".")
    return f"{value:,.0f}"


def stage_ms(value: float) -> str:
    """Return the time of a pipeline stage in milliseconds, ``<0.01`` for less than 10 µs."""
    return "<0.01" if 0 < value < 0.01 else short(value)


def clock(seconds: float) -> str:
    """Return minutes and seconds, such as 6:40."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def faces_in(count: int) -> str:
    """Return ``no face``, ``1 face``, ``4 faces``."""
    return "no face" if count == 0 else f"{count} face{'s' if count > 1 else ''}"


def configuration(kind: str, threads: int, xnnpack: bool) -> str:
    """Return the classifier's model, threads and delegate, such as ``int8, 2 threads``."""
    if kind == "edge tpu":
        return kind
    many = f"{threads} thread{'s' if threads > 1 else ''}"
    return f"{kind}, {many}" + ("" if xnnpack else ", no XNNPACK")


def listed(parts: Sequence[str]) -> str:
    """Return ``a, b and c``."""
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


def heading(title: str, *charts: str) -> Iterator[str]:
    """Yield a section's Markdown heading and the charts below it, between empty lines."""
    yield f"\n## {title}\n"
    for chart in charts:
        yield f"![{title}: {chart.partition('.')[0]}]({chart})\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table; all columns but the first are aligned right."""
    columns = list(zip(head, *rows, strict=True))
    widths = [max(3, *(len(cell) for cell in column)) for column in columns]

    def line(cells: Sequence[str]) -> str:
        first, *rest = zip(cells, widths, strict=True)
        padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]
        return f"| {' | '.join(padded)} |"

    rule = [":" + "-" * (widths[0] - 1), *("-" * (width - 1) + ":" for width in widths[1:])]
    return [line(head), line(rule), *map(line, rows)]
