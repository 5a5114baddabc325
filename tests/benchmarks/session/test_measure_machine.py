from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from benchmarks.report.report_json import read_report
from benchmarks.session.measure_machine import REPORTS, measure_machine
from benchmarks.simulate.scenes import Scene
from edge.cameras.demo import Portrait
from edge.values import Box, Frame
from tests.benchmarks.measure.test_power import SteadyMeter
from tests.benchmarks.session.tiny_plan import TINY

MISSING = Portrait("no_such_package", "a.jpg", (0.0, 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class BrokenScene(Scene):
    def render(self, *_: object) -> Iterator[tuple[Frame, list[Box]]]:
        raise RuntimeError("a library's own words\nand more")


def test_a_part_that_fails_is_left_out_and_the_others_go_on(tmp_path: Path) -> None:
    logged: list[str] = []
    report, _ = measure_machine(
        tmp_path,
        replace(TINY, scenes=[BrokenScene(1)]),
        meter=SteadyMeter(1.0, readings=0),
        log=logged.append,
    )
    assert report.left_out[-2:] == (
        f"flat out: {BrokenScene(1).name}: RuntimeError: a library's own words",
        "power: idle: steady: expected a reading, got none",
    )
    assert set(report.left_out[-2:]) < set(logged)
    assert not any("power: camera rate" in line for line in logged)
    assert report.camera_rate
    assert report.sustained
    assert report.partial == ""


def test_without_the_portraits_there_are_no_scenes(tmp_path: Path) -> None:
    report, _ = measure_machine(tmp_path, TINY, portraits=[MISSING])
    assert report.flat_out == ()
    assert report.partial == ""
    assert "no_such_package" in report.left_out[-1]
    assert "pip install 'smile-gate[demo]'" in report.left_out[-1]


def test_each_session_of_a_day_has_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folders = [measure_machine(None, TINY, portraits=[MISSING])[1] for _ in range(3)]
    day = folders[0].name
    assert [folder.name for folder in folders] == [day, f"{day}-2", f"{day}-3"]
    report = read_report(folders[2])
    assert folders[2].parent == REPORTS / report.device.name
    assert report.date.startswith(day)
