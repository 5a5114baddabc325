"""Recordings of USB power meters."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.meters.csv_file import part, read_csv
from benchmarks.meters.meter import MeterError
from benchmarks.report.schema import Sample
from tests.conftest import ROOT

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()


def written(folder: Path, text: str) -> Path:
    path = folder / "power.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "text",
    [
        f"time,power\n{NOON},4.5\n{NOON + 1},5.5\n",
        "Timestamp,Watts\n2026-03-01T12:00:00Z,4.5\n2026-03-01T13:00:01+01:00,5.5\n",
        f"date,V,A\n{NOON},5,0.9\n{NOON + 1},5,1.1\n",
        f"Time (ms),Voltage (V),Current (mA)\n{1e3 * NOON},5,900\n{1e3 * (NOON + 1)},5,1100\n",
        f"time;W;note\n{NOON};4,5;x\n\n{NOON + 1};5,5;y\n",
        f"id\tpower_mw\ttime_s\n1\t4500\t{NOON}\n2\t5500\t{NOON + 1}\n",
        f"time,voltage,current,power\n{NOON},0,0,4.5\n{NOON + 1},0,0,5.5\n",
        f'\ufefftime,"Power [W]"\r\n{NOON},4.5\r\n{NOON + 1},5.5\r\n',
        f"time,power,Power Factor,Voltage1\n{NOON},4.5,1,2\n{NOON + 1},5.5,1,2\n",
    ],
)
def test_reads_what_meters_export(text: str, tmp_path: Path) -> None:
    samples = read_csv(written(tmp_path, text))
    assert [sample.at_s - NOON for sample in samples] == pytest.approx([0.0, 1.0])
    assert [sample.watts for sample in samples] == pytest.approx([4.5, 5.5])


def test_the_example_in_the_documents_is_good(tmp_path: Path) -> None:
    example = (ROOT / "docs" / "power.md").read_text().partition("```csv\n")[2].partition("```")[0]
    first, second = read_csv(written(tmp_path, example))
    assert second.at_s - first.at_s == pytest.approx(0.1)
    assert first.watts == pytest.approx(5.11 * 0.84)


def test_a_time_without_a_zone_is_this_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, "date,W\n2026-03-01 12:00:00,1\n2026-03-01 12:00:00.5,1\n")
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC-3")
        time.tzset()
        samples = read_csv(path)
    time.tzset()
    assert [sample.at_s for sample in samples] == [NOON - 3 * 3600, NOON - 3 * 3600 + 0.5]


def test_a_part_counts_from_its_beginning() -> None:
    samples = [Sample(NOON + second, float(second)) for second in range(10)]
    assert part(samples, NOON + 2.5, 3.0) == (Sample(0.5, 3.0), Sample(1.5, 4.0), Sample(2.5, 5.0))
    assert part(samples, NOON + 60.0, 3.0) == ()


def test_readings_of_one_time_are_their_mean(tmp_path: Path) -> None:
    rows = (f"{NOON + tenth // 10:.0f},{tenth % 10}\n" for tenth in range(30))
    samples = read_csv(written(tmp_path, "time,power\n" + "".join(rows)))
    assert samples == tuple(Sample(NOON + second, 4.5) for second in range(3))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: expected a column time and a column power, .* got nothing"),
        ("a,b\n1,2\n", "line 1: expected a column time .* got a, b"),
        ("time,voltage\n1,2\n", "expected a column time and a column power, or voltage and curr"),
        ("time,power,watts\n", "line 1: expected one column of power, got 'power' and 'watts'"),
        ("time,Power (kW)\n", r"column 'Power \(kW\)': expected the unit w or mw, got kw"),
        (f"time,power\n{NOON},x\n", "line 2, column 'power': expected a number, got 'x'"),
        (f"time,power\n{NOON},nan\n", "line 2, column 'power': expected a number, got 'nan'"),
        (f"time,power\n\n{NOON}\n", "line 3, column 'power': expected 2 fields, got 1"),
        ("time,power\n0.5,1\n", "line 2, column 'time': expected ISO 8601 or Unix sec.*'0.5'"),
        ("time,power\n12:30:05,1\n", "line 2, column 'time': expected ISO 8601 or .*'12:30:05'"),
        (f"time,power\n{NOON},1\n{NOON - 1},1\n", "line 3, column 'time': .* not before"),
        (f"time,power\n{NOON},1\n", "expected readings of two times, got 1"),
    ],
)
def test_bad_files_name_line_and_column(text: str, message: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(MeterError, match=message) as caught:
        read_csv(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
    assert caught.value.meter == str(path)


def test_a_missing_file_and_one_that_is_no_text_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(MeterError, match="expected a CSV file, got: No such file"):
        read_csv(tmp_path / "power.csv")
    (tmp_path / "power.csv").write_bytes(b"\xff\xfe\x00t")
    with pytest.raises(MeterError, match="expected a CSV file, got: 'utf-8' codec"):
        read_csv(tmp_path / "power.csv")
