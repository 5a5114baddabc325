from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

import benchmarks.__main__ as benchmarks
from benchmarks.report import devices_table
from benchmarks.report.devices_table import BEGIN, END, update, with_table
from benchmarks.report.report_json import ReportError, write_report
from tests.benchmarks.report.example_report import DEVICE, full_report, other_device

TEXT = f"# Before\n\n{BEGIN}\nold\n{END}\n\nafter\n"


def cells(text: str) -> list[list[str]]:
    rows = [line for line in text.splitlines() if line.startswith("| [")]
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]


def test_the_newest_report_of_each_device_is_a_row(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    write_report(full_report(accuracy=()), reports / "raspberry-pi-5" / "2026-11-02")
    older = full_report(date="2026-10-01T00:00:00+00:00", inference=())
    write_report(older, reports / "raspberry-pi-5" / "2026-10-01")
    pi_4 = replace(other_device("raspberry-pi-4", "Raspberry Pi 4", 2.0), noisy=("load",))
    write_report(pi_4, reports / "raspberry-pi-4" / "2026-11-02")
    emulated = full_report(device=replace(DEVICE, model="QEMU", emulated=True), partial="Ctrl-C")
    write_report(emulated, reports / "virtual" / "2026-11-02")
    text = with_table(TEXT, reports)
    assert text.startswith(f"# Before\n\n{BEGIN}\n")
    assert text.endswith(f"{END}\n\nafter\n")
    assert "old" not in text
    assert cells(text) == [
        [
            "[Raspberry Pi 4](reports/raspberry-pi-4/2026-11-02/report.md)",
            *("1.04", "157", "38.8", "6.5", "92.4", "21.7 (pmic)", "95.25", "2026-11-02, noisy"),
        ],
        [
            "[Raspberry Pi 5 Model B Rev 1.0](reports/raspberry-pi-5/2026-11-02/report.md)",
            *("0.52", "313", "77.7", "6.5", "92.4", "15.5 (pmic)", "-", "2026-11-02"),
        ],
        [
            "[QEMU](reports/virtual/2026-11-02/report.md)",
            *[""] * 7,
            "2026-11-02, emulated: nothing timed, partial",
        ],
    ]
    assert with_table(text, reports) == text


def test_without_reports_the_table_says_so(tmp_path: Path) -> None:
    assert "No reports yet." in with_table(TEXT, tmp_path / "reports")


@pytest.mark.parametrize("text", ["", BEGIN, f"{END}\n{BEGIN}"])
def test_a_text_without_the_two_lines_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="expected the lines"):
        with_table(text, tmp_path)


def test_a_report_that_cannot_be_read_is_named_and_nothing_is_changed(tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text(TEXT)
    path = tmp_path / "reports" / "board" / "date" / "report.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    with pytest.raises(ReportError, match=str(path)):
        update(file)
    assert file.read_text() == TEXT


def test_the_verb_checks_and_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "README.md"
    file.write_text(TEXT)
    write_report(full_report(), tmp_path / "reports" / "raspberry-pi-5" / "2026-11-02")
    monkeypatch.setattr(devices_table, "README", file)
    assert benchmarks.main(["table", "--check"]) == 1
    assert "the table is not as the reports are" in capsys.readouterr().err
    assert file.read_text() == TEXT
    assert benchmarks.main(["table"]) == 0
    assert len(cells(file.read_text())) == 1
    assert benchmarks.main(["table", "--check"]) == 0


def test_the_committed_table_shows_the_committed_reports() -> None:
    assert update(check=True), "run python -m benchmarks table"
