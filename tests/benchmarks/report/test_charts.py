from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

import benchmarks.__main__ as benchmarks
from benchmarks.report.charts import CHARTS, draw
from benchmarks.report.report_json import write_report
from benchmarks.report.schema import Report
from edge.errors import MissingPackageError
from tests.benchmarks.report.example_report import (
    DEVICE,
    EMPTY,
    POWER,
    full_report,
    inference,
    sustained,
)


@dataclass
class Drawn:
    """The letters of each picture in a folder."""

    folder: Path

    def words(self, name: str) -> str:
        root = ET.parse(self.folder / name).getroot()
        return "\n".join(
            "".join(one.itertext()) for one in root.iter("{http://www.w3.org/2000/svg}text")
        )


def drawn(report: Report, folder: Path) -> Drawn:
    pytest.importorskip("matplotlib", reason="the extra demo is not installed")
    for name in draw(report, folder):
        assert (folder / name).stat().st_size < 60_000
    return Drawn(folder)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    return drawn(full_report(), tmp_path_factory.mktemp("full"))


def test_all_that_was_measured_is_drawn(full: Drawn) -> None:
    assert {path.name for path in full.folder.iterdir()} == set(CHARTS)
    for name, words in (
        ("latency.svg", ("int8, 1 thread, no XNNPACK", "0.31 ms at best")),
        ("stages.svg", ("12 faces, still at 1131x679", "classifier")),
        ("fps.svg", ("the camera's 30", "313")),
        ("heat.svg", ("Slower from 6:40 on", "shaded: the firmware warns of voltage")),
        ("power.svg", ("watts, by the meter pmic, an estimate", "15.5 mJ a frame")),
        ("peers.svg", ("OpenCV's smile cascade", "smilenet")),
    ):
        assert all(one in full.words(name) for one in words)
    assert "MediaPipe" not in full.words("peers.svg")


def test_the_same_report_gives_the_same_bytes(full: Drawn, tmp_path: Path) -> None:
    drawn(full_report(), tmp_path)
    for name in CHARTS:
        assert (tmp_path / name).read_bytes() == (full.folder / name).read_bytes()


@pytest.mark.parametrize("name", ["inference", "flat_out", "sustained", "power", "peers"])
def test_only_what_was_measured_is_drawn_and_older_pictures_go(name: str, tmp_path: Path) -> None:
    of = {
        "inference": {"latency.svg"},
        "flat_out": {"fps.svg", "stages.svg"},
        "sustained": {"heat.svg"},
        "power": {"power.svg"},
        "peers": {"peers.svg"},
    }
    for picture in CHARTS:
        (tmp_path / picture).touch()
    drawn(full_report(**{**EMPTY, name: getattr(full_report(), name)}), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == of[name]


def test_nothing_is_drawn_of_an_emulated_device(tmp_path: Path) -> None:
    (tmp_path / "fps.svg").touch()
    drawn(full_report(device=replace(DEVICE, emulated=True)), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_machine_that_stays_cool_and_shows_little(tmp_path: Path) -> None:
    readings = tuple(
        replace(one, temperature_c=None, clock_mhz=None, throttled=None)
        for one in sustained(60, cooled=True).readings
    )
    cool = replace(sustained(), readings=readings, knee_s=None)
    words = drawn(full_report(**{**EMPTY, "sustained": cool}), tmp_path).words("heat.svg")
    assert "No slower in 1:00 minutes" in words
    assert "°C" not in words
    assert "MHz" not in words
    assert "shaded" not in words


def test_power_without_frames_has_no_energy_of_a_frame(tmp_path: Path) -> None:
    power = replace(POWER, joules_per_frame=None, estimate=False, phases=POWER.phases[:1])
    words = drawn(full_report(**{**EMPTY, "power": power}), tmp_path).words("power.svg")
    assert "mJ" not in words
    assert "estimate" not in words
    assert "2.6 W" in words


def test_one_configuration_is_drawn_too(tmp_path: Path) -> None:
    alone = {**EMPTY, "inference": (inference("edge tpu", 1, 0.2),)}
    found = drawn(full_report(**alone), tmp_path)
    assert "edge tpu" in found.words("latency.svg")


def test_without_matplotlib_there_are_words_and_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingPackageError, match=r"smile-gate\[demo\]"):
        draw(full_report(), tmp_path)
    write_report(full_report(), tmp_path)
    assert benchmarks.main(["report", str(tmp_path)]) == 0
    assert capsys.readouterr().err.count("\n") == 1
    assert "![" not in (tmp_path / "report.md").read_text()
