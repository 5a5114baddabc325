from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.measure.accuracy import bundles
from benchmarks.report.report_json import ReportError, read_report, write_report
from benchmarks.report.schema import Accuracy
from edge.settings import SHIPPED_BUNDLE
from tests.benchmarks.report.example_report import full_report

OTHER = Accuracy(who="other", images=800, right=700, missed_faces=3)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """The folder of a report with the accuracies of two bundles, wrong for the shipped bundle."""
    wrong = Accuracy(who="smilenet", images=800, right=1, missed_faces=0)
    write_report(full_report(accuracy=(wrong, OTHER)), tmp_path)
    return tmp_path


def test_the_shipped_and_named_bundles_are_measured(
    tiny_sets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = shutil.copytree(SHIPPED_BUNDLE, tmp_path / "of-mine")
    arguments = ["accuracy", "--data", str(tiny_sets), "--bundle", str(named)]
    assert main(arguments) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("smilenet ")
    assert "100.00 %  10 of 10 right, 0 faces missed" in first
    assert second.split()[0] == "of-mine"


@pytest.mark.parametrize("by_file", [False, True], ids=["folder", "file"])
def test_accuracies_are_added_to_a_report(report: Path, tiny_sets: Path, *, by_file: bool) -> None:
    path = report / "report.json" if by_file else report
    assert main(["accuracy", str(path), "--data", str(tiny_sets)]) == 0
    digest = hashlib.sha256((SHIPPED_BUNDLE / "manifest.json").read_bytes()).hexdigest()
    right = Accuracy(who="smilenet", images=10, right=10, missed_faces=0, bundle=digest)
    assert read_report(report).accuracy == (OTHER, right)
    assert "| smilenet |" in (report / "report.md").read_text()


def test_a_bundle_is_measured_once() -> None:
    assert bundles([SHIPPED_BUNDLE / ".." / "smilenet"]) == bundles() == [SHIPPED_BUNDLE]


def test_bundles_are_known_by_different_names(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="folders of different names"):
        bundles([tmp_path / "smilenet"])


def test_bad_input_gets_one_line(
    report: Path, tiny_sets: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = (report / "report.json").read_text()
    (report / "old").mkdir()
    (report / "old" / "report.json").write_text(json.dumps({**json.loads(whole), "schema": 0}))
    renamed = report / "mine.json"
    renamed.write_text(whole)
    data = ["--data", str(tiny_sets)]
    for arguments, message in (
        ([str(report), "--data", str(report)], f"{report}: expected genki4k.tar or a folder"),
        ([str(report / "none"), *data], "expected a"),
        ([str(report / "old"), *data], "expected a report of schema 1, got 0"),
        ([str(renamed), *data], "mine.json: expected a folder with a report.json, or that file"),
        ([*data, "--bundle", "nowhere"], "nowhere/manifest.json: expected a model bundle"),
    ):
        assert main(["accuracy", *arguments]) == 2
        err = capsys.readouterr().err
        assert message in err
        assert len(err.splitlines()) == 1
    assert (report / "report.json").read_text() == whole
