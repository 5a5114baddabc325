"""Verbs that work on reports: ``compare``, ``report`` and ``table``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from benchmarks.measure.power import with_recording
from benchmarks.meters.open import EXTERNAL
from benchmarks.report import devices_table
from benchmarks.report.chart_style import ENDINGS
from benchmarks.report.compare import compare as compare_reports
from benchmarks.report.compare import draw, lines
from benchmarks.report.report_json import ReportError, read_report, write_report
from benchmarks.report.report_md import present
from edge.errors import MissingPackageError


def _picture(text: str) -> Path:
    if not text.endswith(ENDINGS):
        raise argparse.ArgumentTypeError(f"expected a name that ends in {ENDINGS}, got {text!r}")
    return Path(text)


def add_verbs(verbs: Any) -> None:
    """Add this module's verbs to argparse's subparsers."""
    verb = verbs.add_parser("compare", help="reports side by side")
    verb.add_argument(
        "reports", nargs="+", type=Path, metavar="REPORT", help="report.json or its folder"
    )
    verb.add_argument(
        "--chart",
        type=_picture,
        default=Path("compare.svg"),
        metavar="FILE",
        help="to draw, .svg or .png (default compare.svg)",
    )
    verb.add_argument(
        "--bundles", action="store_true", help="other bundles on one device, not other devices"
    )
    verb = verbs.add_parser("report", help="report.md and pictures anew from report.json")
    verb.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="with report.json")
    verb.add_argument(
        "--power-csv",
        type=Path,
        metavar="FILE",
        help=f"with what an external meter recorded while run --meter {EXTERNAL} went on",
    )
    verb = verbs.add_parser("table", help="the table of devices in benchmarks/README.md")
    verb.add_argument("--check", action="store_true", help="change nothing; 1 if it is out of date")


def compare(options: argparse.Namespace) -> int:
    """Print reports side by side, and draw them where matplotlib is installed."""
    reports = compare_reports(options.reports, bundles=options.bundles)
    print("\n".join(lines(reports)))
    try:
        draw(reports, options.chart)
    except MissingPackageError as error:
        print(f"benchmarks: no chart: {error}", file=sys.stderr)
    else:
        print(f"drawn: {options.chart}")
    return 0


def report(options: argparse.Namespace) -> int:
    """Make report.md and pictures anew; add an external meter's recording to the report, if a
    recording is named."""
    reports = [(read_report(folder), folder) for folder in options.folders]
    if options.power_csv:
        if len(reports) != 1:
            raise ReportError(f"--power-csv: expected one report, got {len(reports)}")
        [(unmetered, folder)] = reports
        reports = [(with_recording(unmetered, options.power_csv), folder)]
        write_report(*reports[0])
    for content, folder in reports:
        present(content, folder)
        print(f"written: {folder}")
    return 0


def table(options: argparse.Namespace) -> int:
    """Make the table of devices anew, or return 1 if it is out of date."""
    if devices_table.update(check=options.check):
        print("the table is as the reports are")
    elif options.check:
        print("benchmarks: the table is not as the reports are: run table", file=sys.stderr)
        return 1
    else:
        print("the table is made anew")
    return 0
