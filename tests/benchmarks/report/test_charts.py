from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

import benchmarks.__main__ as benchmarks
from benchmarks.report.charts import CHARTS, draw
from benchmarks.report.report_json import write_report
from benchmarks.report.schema import Report, Sustained
from edge.errors import MissingPackageError
from tests.benchmarks.report.example_report import EMPTY, POWER, full_report, inference, sustained


def text(chart: Path) -> str:
    """Return the text of an SVG file."""
    elements = ET.parse(chart).getroot().iter("{http://www.w3.org/2000/svg}text")
    return "\n".join("".join(element.itertext()) for element in elements)


def drawn(report: Report, folder: Path) -> Path:
    pytest.importorskip("matplotlib", reason="the extra demo is not installed")
    for name in draw(report, folder):
        assert (folder / name).stat().st_size < 60_000
    return folder


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drawn(full_report(), tmp_path_factory.mktemp("full"))


def test_all_that_was_measured_is_drawn(full: Path) -> None:
    assert {path.name for path in full.iterdir()} == set(CHARTS)
    for name, phrases in (
        ("latency.svg", ("int8, 1 thread, no XNNPACK", "0.31 ms at best")),
        ("stages.svg", ("12 faces, still at 1131x679", "classifier")),
        ("fps.svg", ("the camera's 30", "313")),
        ("heat.svg", ("Slower from 6:40 on", "shaded: the firmware warns of voltage")),
        ("power.svg", ("watts, by the meter pmic, an estimate", "15.5 mJ a frame")),
        ("peers.svg", ("OpenCV's smile cascade", "smilenet")),
    ):
        assert all(phrase in text(full / name) for phrase in phrases)
    assert "MediaPipe" not in text(full / "peers.svg")


def test_the_same_report_gives_the_same_bytes(full: Path, tmp_path: Path) -> None:
    drawn(full_report(), tmp_path)
    for name in CHARTS:
        assert (tmp_path / name).read_bytes() == (full / name).read_bytes()


@pytest.mark.parametrize(
    ("field", "charts"),
    [
        ("inference", {"latency.svg"}),
        ("flat_out", {"fps.svg", "stages.svg"}),
        ("sustained", {"heat.svg"}),
        ("power", {"power.svg"}),
        ("peers", {"peers.svg"}),
        ("device", set()),
    ],
)
def test_only_what_was_measured_is_drawn_and_older_charts_are_removed(
    field: str, charts: set[str], tmp_path: Path
) -> None:
    for name in CHARTS:
        (tmp_path / name).touch()
    drawn(full_report(**{**EMPTY, field: getattr(full_report(), field)}), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == charts


def test_nothing_is_drawn_of_an_emulated_device(tmp_path: Path) -> None:
    (tmp_path / "fps.svg").touch()
    drawn(full_report(device=replace(full_report().device, emulated=True)), tmp_path)
    assert not list(tmp_path.iterdir())


COOL = Sustained(
    readings=tuple(
        replace(reading, temperature_c=None, clock_mhz=None, throttled=None)
        for reading in sustained(60, cooled=True).readings
    )
)
IDLE = replace(POWER, joules_per_frame=None, estimate=False, phases=POWER.phases[:1])


@pytest.mark.parametrize(
    ("measured", "chart", "shown", "absent"),
    [
        ({"sustained": COOL}, "heat", "No slower in 1:00 minutes", ["°C", "MHz", "shaded"]),
        ({"power": IDLE}, "power", "2.6 W", ["mJ", "estimate"]),
        ({"inference": (inference("edge tpu", 1, 0.2),)}, "latency", "edge tpu", []),
    ],
    ids=["cool", "no frames", "one configuration"],
)
def test_what_was_not_measured_is_not_drawn(
    measured: dict[str, Any], chart: str, shown: str, absent: list[str], tmp_path: Path
) -> None:
    content = text(drawn(full_report(**{**EMPTY, **measured}), tmp_path) / f"{chart}.svg")
    assert shown in content
    assert not any(phrase in content for phrase in absent)


def test_without_matplotlib_there_is_text_and_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingPackageError, match=r"smile-gate\[demo\]"):
        draw(full_report(), tmp_path)
    write_report(full_report(), tmp_path)
    assert benchmarks.main(["report", str(tmp_path)]) == 0
    assert capsys.readouterr().err.count("\n") == 1
    assert "![" not in (tmp_path / "report.md").read_text()
