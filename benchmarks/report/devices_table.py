"""The table of devices in README.md, made of the reports under reports/."""

from __future__ import annotations

from pathlib import Path

from benchmarks.report.figures import (
    ACCURACY,
    ENERGY,
    INFERENCE,
    MEMORY,
    ONE_FACE,
    PIN,
    TWELVE_FACES,
    table,
)
from benchmarks.report.schema import REPORT, Report, ReportError, publish, read_report
from benchmarks.report.summary import SUMMARY

README = Path(__file__).parents[1] / "README.md"
BEGIN = "<!-- devices: made by `python -m benchmarks table`, do not edit -->"
END = "<!-- end of devices -->"
COLUMNS = {
    "inference, ms": INFERENCE,
    "fps, 1 face": ONE_FACE,
    "fps, 12 faces": TWELVE_FACES,
    "to the pin, ms": PIN,
    "memory, MB": MEMORY,
    "mJ a frame": ENERGY,
    "accuracy, %": ACCURACY,
}


def newest(folder: Path) -> dict[Path, Report]:
    """Return each device's newest report by its path, in the order of the devices' names.

    Raises:
        ReportError: one is of another schema, or not a report.
    """
    found: dict[str, tuple[Path, Report]] = {}
    for path in sorted(folder.glob(f"*/*/{REPORT}")):
        report = read_report(path)
        name = path.parts[-3]
        if name not in found or report.date > found[name][1].date:
            found[name] = (path, report)
    return dict(found.values())


def with_table(text: str, folder: Path) -> str:
    """Return README.md's text with the table of the reports in a folder beside it.

    Raises:
        ReportError: a report can't be read, or the text has no place for the table.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ReportError(f"README.md: expected the lines {BEGIN} and {END}, got none")
    rows = [_row(path.relative_to(folder.parent), one) for path, one in newest(folder).items()]
    made = table(["device", *COLUMNS, "measured"], rows) if rows else ["No reports yet."]
    return "\n".join([f"{before}{BEGIN}", "", *made, "", f"{END}{after}"])


def _row(path: Path, report: Report) -> list[str]:
    emulated = report.device.emulated
    name = f"[{report.device.model}]({path.parent / SUMMARY})"
    figures = {name: one.written(report) for name, one in COLUMNS.items()}
    if emulated:
        figures = dict.fromkeys(figures, "")
    elif report.power and ENERGY.of(report) is not None:
        figures["mJ a frame"] += f" ({report.power.meter})"
    doubts = {"emulated: nothing timed": emulated, "noisy": report.noisy, "partial": report.partial}
    when = ", ".join([report.date[:10], *(words for words, one in doubts.items() if one)])
    return [name, *figures.values(), when]


def update(readme: Path | None = None, *, check: bool = False) -> bool:
    """Make the table in README.md anew; tell whether it was as it should be.

    Args:
        readme: the file, with the folder reports/ beside it; None is that of the benchmarks.
        check: change nothing.

    Raises:
        OSError, ReportError: a file can't be read or written, or is not what it should be.
    """
    readme = readme or README
    text = readme.read_text()
    made = with_table(text, readme.parent / "reports")
    if made != text and not check:
        publish(readme, made.encode())
    return made == text
