"""How often model bundles are right on GENKI-4K's test part, through the device's own code."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

import train
from benchmarks.measure.paths import digest
from benchmarks.report.schema import REPORT, Accuracy, Report, ReportError, read_report
from edge.model.bundle import MANIFEST
from edge.settings import SHIPPED_BUNDLE

GENKI = "genki4k"


def add_data(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Add the option that names the folder with GENKI-4K."""
    default = os.environ.get("SMILE_GATE_DATA") or None
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        default=default,
        required=required and default is None,
        help="folder with genki4k, a folder or .tar (default: $SMILE_GATE_DATA)",
    )


def bundles(named: Sequence[Path] = ()) -> list[Path]:
    """Return the folders of the shipped bundles and the named ones, each once.

    Raises:
        ReportError: two have the same name, by which a report knows them.
    """
    shipped = sorted(path.parent for path in SHIPPED_BUNDLE.parent.glob(f"*/{MANIFEST}"))
    folders: dict[str, Path] = {}
    for folder in (path.resolve() for path in (*shipped, *named)):
        if folders.setdefault(folder.name, folder) != folder:
            raise ReportError(
                f"{folder}: expected bundles in folders of different names, got also "
                f"{folders[folder.name]}"
            )
    return list(folders.values())


def judge(folders: Sequence[Path], data: Path) -> Iterator[Accuracy]:
    """Yield the accuracy of each bundle, by the name of its folder.

    Raises:
        BundleError: a bundle can't be loaded.
        DataError: GENKI-4K is missing or incomplete.
    """
    for folder in folders:
        found = train.evaluate_bundle(folder, data, [GENKI])[GENKI]
        yield replace(reported(folder.name, found), bundle=digest(folder))


def reported(who: str, found: train.Accuracy) -> Accuracy:
    """Return an accuracy as a report has it."""
    return Accuracy(
        who=who, images=found.images, right=found.correct, missed_faces=found.missed_faces
    )


def open_report(path: Path) -> tuple[Report, Path]:
    """Read a report that is to be added to; return its folder too.

    Raises:
        ReportError: it is missing, not a report, or has another name than reports have.
    """
    if not path.is_dir() and path.name != REPORT:
        raise ReportError(f"{path}: expected a folder with a {REPORT}, or that file")
    return read_report(path), path if path.is_dir() else path.parent


def with_accuracy(report: Report, found: Sequence[Accuracy]) -> Report:
    """Return a report with these accuracies, instead of those it had of the same bundles."""
    names = {one.who for one in found}
    kept = [one for one in report.accuracy if one.who not in names]
    return replace(report, accuracy=(*kept, *found))
