from __future__ import annotations

from benchmarks.report.formatting import short, stage_ms, table


def test_numbers_have_three_significant_digits() -> None:
    values = (0.0, 0.12849, 3.5, 10.0, 99.96, 352.4, 1250.4)
    assert [short(value) for value in values] == ["0", "0.128", "3.5", "10", "100", "352", "1,250"]
    assert short(95.25, 4) == "95.25"
    assert [stage_ms(value) for value in (0.0, 0.0005, 0.0123)] == ["0", "<0.01", "0.0123"]


def test_a_table_is_aligned() -> None:
    assert table(["", "ms"], [["one", "1"], ["three", "12.5"]]) == [
        "|       |   ms |",
        "| :---- | ---: |",
        "| one   |    1 |",
        "| three | 12.5 |",
    ]
