from __future__ import annotations

import json
import os
import platform
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import main
from benchmarks.cli import measures
from benchmarks.measure import check
from tests.conftest import ROOT

RATIOS = dict(zip(check.TOLERANCES, (26.0, 7.0, 0.33, 4.2), strict=True))


def baseline_json(**changes: Any) -> str:
    ratios = {name: {"ratio": 1.0, "tolerance": 0.2} for name in check.TOLERANCES}
    return json.dumps({"architecture": platform.machine(), "ratios": ratios, **changes})


def test_a_ratio_may_lose_its_tolerance_and_no_more() -> None:
    baseline = check.Baseline("any", {name: check.Expected(8.0, 0.25) for name in ("a", "b", "c")})
    verdicts = check.compare_ratios(baseline, {"a": 6.01, "b": 5.99, "c": 80.0})
    assert [verdict.worse for verdict in verdicts] == [False, True, False]
    assert str(verdicts[0]) == "ok     a: 6.01, expected at least 6.00 (8.00 less 25 %)"
    assert str(verdicts[1]).startswith("worse  b: 5.99")


def test_a_baseline_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    expected = {
        name: check.Expected(RATIOS[name], share) for name, share in check.TOLERANCES.items()
    }
    assert check.write_baseline(path, RATIOS) == check.Baseline(platform.machine(), expected)
    assert check.read_baseline(path) == check.Baseline(platform.machine(), expected)


def test_tolerances_are_kept_when_it_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(baseline_json())
    anew = check.write_baseline(path, RATIOS)
    assert anew.ratios == {name: check.Expected(ratio, 0.2) for name, ratio in RATIOS.items()}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "expected a baseline, got: No such file"),
        ("", "not a baseline"),
        ("{]", "not a baseline"),
        ('{"ratios": {}}', "missing required field `architecture`"),
        (baseline_json(extra=1), "unknown field `extra`"),
        (baseline_json(ratios={"a": {"ratio": 0, "tolerance": 0.2}}), "Expected `float` > 0"),
        (baseline_json(ratios={"a": {"ratio": 1, "tolerance": 1.0}}), "Expected `float` < 1"),
        (
            baseline_json(ratios={"a": {"ratio": "fast", "tolerance": 0.1}}),
            "Expected `float`, got `str`",
        ),
        (baseline_json(ratios={}), "expected the 4 ratios that are measured, got others"),
        (baseline_json(architecture="vax"), "got one of vax: write one anew with --write"),
    ],
)
def test_a_bad_baseline_is_refused_before_anything_is_measured(
    content: str | None, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verb = partial(measures.check, measure_ratios=lambda: pytest.fail("measured"))
    path = tmp_path / "baseline.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(check.BaselineError):
        check.read_baseline(path)
    assert main(["check", str(path)], check=verb) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"benchmarks: {path}: ")
    assert says in err
    assert err.count("\n") == 1


def test_the_verb_writes_holds_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "baseline.json"
    measured = dict(RATIOS)
    verb = partial(measures.check, measure_ratios=lambda: measured)
    assert main(["check", str(path), "--write"], check=verb) == 0
    assert main(["check", str(path)], check=verb) == 0
    assert "worse" not in capsys.readouterr().out
    name = next(iter(check.TOLERANCES))
    measured[name] /= 2
    assert main(["check", str(path)], check=verb) == 1
    out = capsys.readouterr().out
    assert out.count("worse") == 1
    assert f"worse  {name}: 13.00, expected at least 19.50" in out
    assert main(["check", str(tmp_path / "none" / "a.json"), "--write"], check=verb) == 2


def test_a_process_that_dies_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dies = partial(check.measure_ratios, measure_round=partial(os._exit, 3))
    verb = partial(measures.check, measure_ratios=dies)
    assert main(["check", str(tmp_path / "baseline.json"), "--write"], check=verb) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("benchmarks: expected a result, got none: its process died")


def test_ratios_are_measured() -> None:
    ratios = check.measure_ratios(rounds=1)
    assert ratios.keys() == check.TOLERANCES.keys()
    assert all(ratio > 0 for ratio in ratios.values())


def test_the_committed_baseline_is_complete() -> None:
    baseline = check.read_baseline(ROOT / "benchmarks" / "baseline.json", "x86_64")
    assert baseline.ratios.keys() == check.TOLERANCES.keys()
