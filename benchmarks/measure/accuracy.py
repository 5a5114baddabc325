"""How often model bundles are right on GENKI-4K's test part, through the device's own code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

import train
from benchmarks.bundle import digest
from benchmarks.report.report_json import REPORT, ReportError, read_report
from benchmarks.report.schema import Accuracy, Report
from edge.model.bundle import MANIFEST
from edge.settings import SHIPPED_BUNDLE

GENKI = "genki4k"


def bundles(named: Sequence[Path] = ()) -> list[Path]:
    """Return the folders of the shipped bundles and the named ones, each once.

    Raises:
        ReportError: two folders have the same name, by which a report knows the bundle.
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


def measure_accuracy(folders: Sequence[Path], data: Path) -> Iterator[Accuracy]:
    """Yield the accuracy of each bundle on the CPU, by the name of its folder.

    Raises:
        BundleError: a bundle can't be loaded.
        DataError: GENKI-4K is missing or incomplete.
    """
    for folder in folders:
        measured = train.evaluate_bundle(folder, data, [GENKI])[GENKI]
        yield replace(reported(folder.name, measured), bundle=digest(folder))


def reported(who: str, measured: train.Accuracy) -> Accuracy:
    """Return an accuracy as a report has it."""
    return Accuracy(
        who=who, images=measured.images, right=measured.correct, missed_faces=measured.missed_faces
    )


def open_report(path: Path) -> tuple[Report, Path]:
    """Read a report that is to be added to; return its folder too.

    Raises:
        ReportError: the file is missing, no report, or has another name than reports have.
    """
    if not path.is_dir() and path.name != REPORT:
        raise ReportError(f"{path}: expected a folder with a {REPORT}, or that file")
    return read_report(path), path if path.is_dir() else path.parent


def with_accuracy(report: Report, measured: Sequence[Accuracy]) -> Report:
    """Return a report with these accuracies, instead of those it had of the same bundles."""
    names = {accuracy.who for accuracy in measured}
    kept = [accuracy for accuracy in report.accuracy if accuracy.who not in names]
    return replace(report, accuracy=(*kept, *measured))
