"""The table of devices in benchmarks/README.md, from the newest report of each device."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from benchmarks.report import key_figures
from benchmarks.report.formatting import table
from benchmarks.report.report_json import REPORT, ReportError, publish, read_report
from benchmarks.report.report_md import REPORT_MD
from benchmarks.report.schema import Report

README = Path(__file__).parents[1] / "README.md"
BEGIN = "<!-- devices: made by `python -m benchmarks table`, do not edit -->"
END = "<!-- end of devices -->"
COLUMNS = {
    "inference, ms": key_figures.INFERENCE,
    "fps, 1 face": key_figures.ONE_FACE,
    "fps, 12 faces": key_figures.TWELVE_FACES,
    "to the pin, ms": key_figures.PIN,
    "memory, MB": key_figures.MEMORY,
    "mJ a frame": key_figures.ENERGY,
    "accuracy, %": key_figures.ACCURACY,
}


def _newest(folder: Path) -> dict[Path, Report]:
    """Return the newest report of each device by its path, in the order of the devices' names."""
    reports = {path: read_report(path) for path in sorted(folder.glob(f"*/*/{REPORT}"))}
    devices = groupby(reports, lambda path: path.parts[-3])
    newest = [max(paths, key=lambda path: reports[path].date) for _, paths in devices]
    return {path: reports[path] for path in newest}


def with_table(text: str, folder: Path) -> str:
    """Return the text of README.md with the table of the reports in the folder beside the file.

    Raises:
        ReportError: a report can't be read, or the text has no place for the table.
    """
    before, begin, remainder = text.partition(BEGIN)
    _, end, after = remainder.partition(END)
    if not begin or not end:
        raise ReportError(f"README.md: expected the lines {BEGIN} and {END}, got none")
    reports = _newest(folder)
    rows = [_row(path.relative_to(folder.parent), report) for path, report in reports.items()]
    lines = table(["device", *COLUMNS, "measured"], rows) if rows else ["No reports yet."]
    return "\n".join([f"{before}{BEGIN}", "", *lines, "", f"{END}{after}"])


def _row(path: Path, report: Report) -> list[str]:
    emulated = report.device.emulated
    link = f"[{report.device.model}]({path.parent / REPORT_MD})"
    figures = {name: figure.text(report) for name, figure in COLUMNS.items()}
    if emulated:
        figures = dict.fromkeys(figures, "")
    elif report.power and report.power.joules_per_frame is not None:
        figures["mJ a frame"] += f" ({report.power.meter})"
    doubts = {"emulated: nothing timed": emulated, "noisy": report.noisy, "partial": report.partial}
    measured = ", ".join([report.date[:10], *(words for words, holds in doubts.items() if holds)])
    return [link, *figures.values(), measured]


def update(readme: Path | None = None, *, check: bool = False) -> bool:
    """Update the table in README.md.

    Args:
        readme: the file, with the folder reports/ beside it; None is benchmarks/README.md.
        check: change nothing.

    Returns:
        Whether the table was up to date before.

    Raises:
        OSError: README.md can't be read or written.
        ReportError: a report can't be read, or README.md has no place for the table.
    """
    readme = readme or README
    text = readme.read_text()
    updated = with_table(text, readme.parent / "reports")
    if updated != text and not check:
        publish(readme, updated.encode())
    return updated == text
