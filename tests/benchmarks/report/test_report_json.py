from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.report.report_json import REPORT, ReportError, read_report, write_report
from tests.benchmarks.report.example_report import full_report


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_report(full_report(), tmp_path / "new" / "folder")
    report = read_report(tmp_path / "new" / "folder")
    assert report == read_report(tmp_path / "new" / "folder" / REPORT)
    write_report(report, tmp_path)
    assert (tmp_path / REPORT).read_bytes() == (tmp_path / "new/folder" / REPORT).read_bytes()
    assert (report.device, report.method) == (full_report().device, full_report().method)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "expected a report, got: No such file"),
        ("", "not a report: Input data was truncated"),
        ('{"schema": 1, "date": "2026', "not a report"),
        ('{"schema": 0}', "expected a report of schema 1, got 0: measure again"),
        ('{"machine": {}}', "expected a report of schema 1, got None"),
        ('{"schema": 1}', "missing required field `date`"),
        ("\udcff", "not a report"),
    ],
    ids=["missing", "empty", "torn", "older", "other JSON", "no fields", "bytes"],
)
def test_an_invalid_report_is_refused(content: str | None, says: str, tmp_path: Path) -> None:
    path = tmp_path / REPORT
    if content is not None:
        path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(ReportError, match=says) as caught:
        read_report(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_numbers_are_rounded_to_five_significant_digits(tmp_path: Path) -> None:
    write_report(full_report(overhead=0.0123456789), tmp_path)
    assert json.loads((tmp_path / REPORT).read_text())["overhead"] == 0.012346


def test_a_file_that_cannot_be_replaced_is_unchanged(tmp_path: Path) -> None:
    (tmp_path / REPORT / "in the way").mkdir(parents=True)
    with pytest.raises(OSError, match=REPORT):
        write_report(full_report(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [REPORT]
