"""The file report.json: reading, writing, and the names of the files beside it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.report.schema import SCHEMA, Report
from edge.atomic_file import written
from edge.errors import SmileGateError

REPORT = "report.json"
RAW = "raw.jsonl"


class ReportError(SmileGateError, ValueError):
    """A report is missing, has another schema, or is not a report."""


def read_report(path: Path) -> Report:
    """Read report.json, by its path or by that of its folder.

    Raises:
        ReportError: the file is missing, has another schema, or is not a report.
    """
    path = path / REPORT if path.is_dir() else path
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ReportError(f"{path}: expected a report, got: {error.strerror}") from error
    try:
        schema = msgspec.json.decode(text, type=dict[str, Any]).get("schema")
        if schema != SCHEMA:
            raise ReportError(
                f"{path}: expected a report of schema {SCHEMA}, got {schema}: measure again"
            )
        return msgspec.json.decode(text, type=Report)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReportError(f"{path}: not a report: {error}") from error


def write_report(report: Report, folder: Path) -> None:
    """Write report.json atomically, with five significant digits; create the folder if needed.

    Raises:
        OSError: the file can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # The schema is a default, which would be left out.
    content = {"schema": report.schema, **_rounded(msgspec.to_builtins(report))}
    text = msgspec.json.format(msgspec.json.encode(content), indent=1)
    publish(folder / REPORT, text + b"\n")


def publish(path: Path, data: bytes) -> None:
    """Write a file atomically, readable by every user.

    Raises:
        OSError: the file can't be written; an older version is unchanged.
    """
    with written(data, path.absolute().parent, f".{path.stem}-", path.suffix) as new:
        new.chmod(0o644)
        new.replace(path)


def _rounded(value: Any) -> Any:
    """Round each float to five significant digits; further digits are noise."""
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return value
