from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from benchmarks.machine import noise
from benchmarks.report.schema import FlatOut
from edge.service.board import Health
from tests.benchmarks.report.example_report import full_report, timing

FREE, CAPPED = Health(40.0, 0x50000), Health(85.0, 0x2)


def test_a_quiet_start_has_no_reasons(tmp_path: Path) -> None:
    assert list(noise.at_start(FREE, 0.1, tmp_path)) == []


def test_load_heat_and_governor_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "sys/devices/system/cpu/cpu0/cpufreq"
    folder.mkdir(parents=True)
    (folder / "scaling_governor").write_text("powersave\n")
    load, slowed, governor = noise.at_start(CAPPED, 0.6 * (os.cpu_count() or 1), tmp_path)
    assert "other programs were at work" in load
    assert "slowed" in slowed
    assert "powersave" in governor


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [
        ("cpu  100 0 50 800 10 0 5 0 0 0\ncpu0 1", "cpu  150 0 60 830 10 0 5 10 0 0\ncpu0 1", 0.1),
        ("cpu  1 0 0 1 0 0 0 7 0 0\n", "cpu  1 0 0 1 0 0 0 7 0 0\n", 0.0),
        ("cpu  1 0 0 1\n", "cpu  2 0 0 2\n", 0.0),
    ],
    ids=["stolen", "no time", "old kernel"],
)
def test_stolen_time_is_a_share_of_all(before: str, after: str, share: float) -> None:
    assert noise.stolen_share(before, after) == pytest.approx(share)


def test_windows_that_are_far_apart_are_named() -> None:
    scenes = [
        FlatOut(
            scene=scene, faces=1, timing=replace(timing(1.0), windows=(1.0, most)), stages_ms={}
        )
        for scene, most in (("steady", 1.04), ("restless", 1.2))
    ]
    report = full_report(flat_out=tuple(scenes))
    (words,) = noise.at_end(report, 0.0)
    assert "restless 20.0 %" in words
    assert "steady" not in words
    stolen, _ = noise.at_end(report, 0.03)
    assert "3 %" in stolen


def test_throttling_meanwhile_is_named() -> None:
    assert list(noise.throttled_meanwhile(FREE, FREE)) == []
    (words,) = noise.throttled_meanwhile(Health(40.0, 0x10000), Health(60.0, 0x30000))
    assert words.startswith("meanwhile the processor is slowed")
