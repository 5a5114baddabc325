from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

import benchmarks.__main__ as benchmarks
from benchmarks.report.compare import CompareError, compare, draw, lines
from benchmarks.report.report_json import write_report
from benchmarks.report.schema import Report
from tests.benchmarks.report.example_report import POWER, accuracy, full_report, other_device

FULL = full_report()
PI_4 = other_device("pi-4", "Raspberry Pi 4", 2.0)
OTHER_BUNDLE = "b0" * 32


def written(tmp_path: Path, *reports: Report) -> list[Path]:
    folders = [tmp_path / f"report-{number}" for number in range(len(reports))]
    for report, folder in zip(reports, folders, strict=True):
        write_report(report, folder)
    return folders


def compared(tmp_path: Path, *reports: Report) -> list[str]:
    return lines(compare(written(tmp_path, *reports)))


def test_two_devices_are_shown_side_by_side(tmp_path: Path) -> None:
    paths = written(tmp_path, FULL, PI_4)
    reports = compare([paths[0], paths[1] / "report.json"])
    head, _, *rows = lines(reports)
    columns = ["raspberry-pi-5", "pi-4", "second / first"]
    assert [cell.strip() for cell in head.split("|")[2:-1]] == columns
    cells = {row.split("|")[1].strip(): row.split("|")[2:-1] for row in rows}
    assert [float(cell) for cell in cells["flat out, 1 face, fps"]] == [313, 157, 0.5]
    assert [float(cell) for cell in cells["one inference, one thread, ms"]] == [0.52, 1.04, 2]
    assert [float(cell) for cell in cells["right on GENKI-4K's test part, %"]] == [95.25, 95.25, 1]


def test_a_missing_figure_is_a_dash_or_left_out_if_missing_everywhere(tmp_path: Path) -> None:
    bare = replace(PI_4, footprint=None, accuracy=())
    table = compared(tmp_path, full_report(accuracy=()), bare)
    (row,) = (line for line in table if "memory, peak" in line)
    assert [cell.strip() for cell in row.split("|")[2:-1]] == ["92.4", "-", "-"]
    assert "GENKI" not in "\n".join(table)


def test_accuracy_is_that_of_the_bundle_that_was_timed(tmp_path: Path) -> None:
    right = (accuracy("better", 799, OTHER_BUNDLE), *FULL.accuracy)
    assert "99.8" not in "\n".join(compared(tmp_path, full_report(accuracy=right), PI_4))


def test_doubts_are_listed_below_the_table(tmp_path: Path) -> None:
    doubtful = full_report(noisy=("load average 1.4",), partial="interrupted in power")
    printed = compared(tmp_path, doubtful, PI_4)
    assert printed[-2:] == [
        "raspberry-pi-5: partial: interrupted in power",
        "raspberry-pi-5: load average 1.4",
    ]


def test_power_is_left_out_if_the_meters_covered_different_parts(tmp_path: Path) -> None:
    package = other_device("desk", "", 0.5)
    package = replace(package, power=replace(POWER, covers="processor"))
    *rows, last = compared(tmp_path, FULL, package)
    assert last == "power is left out, as meters covered unlike things: processor; the board"
    assert not any("mJ" in row or ", W" in row for row in rows)


def test_two_reports_of_a_device_are_named_by_their_dates(tmp_path: Path) -> None:
    paths = written(tmp_path, FULL, full_report(date="2026-11-03T08:00:00+00:00"))
    assert list(compare(paths)) == ["raspberry-pi-5 2026-11-02", "raspberry-pi-5 2026-11-03"]
    paths = written(tmp_path, FULL, FULL)
    assert list(compare(paths)) == [str(path) for path in paths]
    with pytest.raises(CompareError, match="got one twice"):
        compare([paths[0], paths[0]])


@pytest.mark.parametrize(
    ("method", "device", "says"),
    [
        ({"windows": 3}, {}, "expected method.windows 5 as in .*report-0, got 3"),
        ({"window_s": 0.1}, {}, "method.window_s 2.0 .* got 0.1"),
        ({"camera_fps": 60.0}, {}, "method.camera_fps 30.0 .* got 60.0"),
        ({"sustained_s": 20.0}, {}, "method.sustained_s 600.0 .* got 20.0"),
        ({"bundle": OTHER_BUNDLE}, {}, f"method.bundle 5e5e.* got {OTHER_BUNDLE}"),
        ({}, {"emulated": True}, "report-2: expected a real device, got an emulated"),
    ],
)
def test_a_report_of_another_method_and_an_emulated_device_are_refused(
    method: dict[str, Any], device: dict[str, Any], says: str, tmp_path: Path
) -> None:
    other = full_report(
        method=replace(FULL.method, **method), device=replace(FULL.device, **device)
    )
    paths = written(tmp_path, FULL, full_report(date="2026-11-03"), other)
    with pytest.raises(CompareError, match=says) as caught:
        compare(paths)
    assert str(paths[2]) in str(caught.value)


def test_bundles_are_compared_on_one_device(tmp_path: Path) -> None:
    small = full_report(
        date="2026-11-03",
        method=replace(FULL.method, bundle=OTHER_BUNDLE),
        accuracy=(accuracy("small", 720, OTHER_BUNDLE),),
    )
    paths = written(tmp_path, FULL, small, PI_4)
    assert any("90 |" in line for line in lines(compare(paths[:2], bundles=True)))
    with pytest.raises(CompareError, match=r"device.name raspberry-pi-5 .* got pi-4"):
        compare(paths, bundles=True)


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_are_refused(count: int, tmp_path: Path) -> None:
    with pytest.raises(CompareError, match=f"expected two reports or more, got {count}"):
        compare(written(tmp_path, *[FULL] * count))


def test_the_verb_prints_and_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", reason="the extra demo is not installed")
    paths = written(tmp_path, FULL, *(other_device(f"pi-{n}", "", n) for n in (2, 3, 4, 5, 6, 7)))
    chart = tmp_path / "chart.svg"
    assert benchmarks.main(["compare", *map(str, paths), "--chart", str(chart)]) == 0
    assert "energy a frame, mJ" in capsys.readouterr().out
    picture = chart.read_text()
    for words in ("7 reports side by side", "pi-7", "GENKI-4K", "flat out, 12 faces, fps"):
        assert words in picture


def test_the_verb_prints_without_matplotlib(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.chdir(tmp_path)
    paths = written(tmp_path, FULL, PI_4)
    assert benchmarks.main(["compare", *map(str, paths)]) == 0
    printed = capsys.readouterr()
    assert "pi-4" in printed.out
    assert "no chart: charts: expected matplotlib" in printed.err


def test_the_verb_refuses_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, older = written(tmp_path, FULL, full_report(schema=0))
    assert benchmarks.main(["compare", str(path), str(older)]) == 2
    printed = capsys.readouterr()
    says = "expected a report of schema 1, got 0: measure again"
    assert printed.err == f"benchmarks: {older}/report.json: {says}\n"
    assert not printed.out
    with pytest.raises(SystemExit, match="2"):
        benchmarks.main(["compare", str(path), str(path), "--chart", "chart.gif"])
    assert "expected a name that ends in" in capsys.readouterr().err


def test_reports_with_nothing_to_draw_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra demo is not installed")
    bare = {"inference": (), "flat_out": (), "camera_rate": (), "power": None}
    paths = written(tmp_path, full_report(**bare), full_report(**bare, date="2026-11-03"))
    with pytest.raises(CompareError, match="got none"):
        draw(compare(paths), tmp_path / "chart.svg")
