from __future__ import annotations

import json
from threading import Event

import pytest

from benchmarks.measure.windows import raw_lines, time_windows, timing


def test_windows_are_as_many_and_as_long_as_wanted() -> None:
    calls = []
    windows = time_windows(lambda: calls.append(1), 3, 0.01, calls=7)
    assert len(windows) == 3
    assert sum(map(len, windows)) < len(calls)  # the warm-up
    assert all(len(window) >= 7 and len(window) % 7 == 0 for window in windows)


def test_a_window_has_its_calls_even_if_they_take_longer() -> None:
    windows = time_windows(lambda: Event().wait(0.002), 1, 0.0, calls=4)
    assert [len(window) for window in windows] == [4]
    assert all(ms >= 2.0 for ms in windows[0])


def test_figures_are_medians_over_the_windows() -> None:
    steady = [1.0] * 99 + [9.0]
    figures = timing([steady, [5.0 * ms for ms in steady], [2.0 * ms for ms in steady]])
    assert figures.windows == (1.0, 5.0, 2.0)
    assert figures.p50 == 2.0
    assert 2.0 <= figures.p90 <= figures.p99 <= 18.0
    assert figures.per_s == pytest.approx(1e3 / 2.16)
    assert figures.spread == 4.0


def test_the_raw_log_counts_times_to_within_a_percent() -> None:
    (first, second) = raw_lines("a thing", [[0.12341, 0.12339, 0.14], [12.0, 0.0]])
    assert (first["of"], first["window"], second["window"]) == ("a thing", 1, 2)
    assert list(first["ms"].values()) == [2, 1]
    assert list(map(float, first["ms"])) == pytest.approx([0.1234, 0.14], rel=0.015)
    assert list(map(float, second["ms"])) == pytest.approx([1e-4, 12.0], rel=0.015)


def test_the_raw_log_of_many_calls_is_small() -> None:
    (line,) = raw_lines("a thing", [[0.1 + index % 1000 / 1e3 for index in range(100_000)]])
    assert sum(line["ms"].values()) == 100_000
    assert len(json.dumps(line)) < 2000
