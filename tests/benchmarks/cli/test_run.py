from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.cli.run import run
from benchmarks.measure.power import PHASES
from benchmarks.peers.smilenet import DevicePath
from benchmarks.report.report_json import read_report
from benchmarks.simulate.scenes import SMILES, WALKING
from tests.benchmarks.measure.test_power import SteadyMeter
from tests.benchmarks.session.tiny_plan import TINY

COMMAND = [sys.executable, "-m", "benchmarks", "run", "--quick", "--meter", "none", "--out"]


def test_a_run_measures_all_there_is_and_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SMILE_GATE_DATA", raising=False)
    verb = partial(
        run,
        brief=replace(TINY, most_threads=1),
        peers={"smilenet": DevicePath},
        open_meter=lambda _: SteadyMeter(4.0),
    )
    out = tmp_path / "new" / "out"
    arguments = ["run", "--quick", "--emulated", "--peers", "--out", str(out)]
    assert main(arguments, run=verb) == 0
    printed = capsys.readouterr()
    assert " ms" not in printed.out  # an emulated device's times mean nothing
    assert f"{out}/report.json: all of it" in printed.out
    assert "benchmarks: flat out: 1 walking at 640x480" in printed.err
    report = read_report(out)
    assert report.partial == ""
    assert report.device.emulated
    assert [way.timing.p50 > 0 for way in report.inference if way.threads == 1] == [True, True]
    assert [scene.scene for scene in report.flat_out] == [WALKING.name]
    assert [scene.scene for scene in report.camera_rate] == [SMILES[0].name]
    assert report.overhead is not None
    assert report.footprint is not None
    assert report.footprint.peak_mb >= report.footprint.steady_mb > 30
    assert [(peer.name, peer.error) for peer in report.peers] == [("smilenet", "")]
    assert report.sustained is not None
    assert report.sustained.readings
    assert report.power is not None
    assert [phase.name for phase in report.power.phases] == ["idle", "camera rate", "flat out"]
    assert report.power.joules_per_frame is not None
    assert report.left_out == (
        "float32: not in a quick run",
        "Edge TPU: no model for it in the bundle",
    )
    logged = [json.loads(line) for line in (out / "raw.jsonl").read_text().splitlines()]
    assert len(logged) == TINY.windows * (len(report.inference) + 1)
    assert {"report.json", "report.md", "raw.jsonl"} <= {path.name for path in out.iterdir()}


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_keeps_what_was_measured(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, str(tmp_path)], stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stderr
        assert any("no XNNPACK" in line for line in process.stderr)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.endswith("; what was measured is kept\n")
    assert "Traceback" not in err
    report = read_report(tmp_path)
    assert report.partial.startswith("interrupted in: inference: int8")
    assert report.inference[0].timing.p50 > 0
    assert (tmp_path / "raw.jsonl").read_text().count("\n") == 5 * len(report.inference)


@pytest.mark.parametrize(
    ("environment", "arguments", "says"),
    [
        ({}, ["--out", "older"], "older: expected a folder without a report, got one with report."),
        ({}, ["--out", "file"], "file: expected to keep the report there, got: File exists"),
        ({}, ["--out", "new", "--meter", "pmic"], "pmic: expected the program vcgencmd"),
        ({"SMILE_GATE_MODEL__BUNDLE": "mine"}, ["--out", "new"], "mine/manifest.json"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_measured(
    environment: dict[str, str],
    arguments: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "older").mkdir()
    (tmp_path / "older" / "report.json").write_text("mine")
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    for name, value in {"PATH": str(tmp_path), **environment}.items():
        monkeypatch.setenv(name, value)
    assert main(["run", "--quick", "--meter", "none", *arguments]) == 2
    err = capsys.readouterr().err.splitlines()
    (line,) = (line for line in err if not line.startswith("benchmarks: doubtful: "))
    assert says in line
    assert (tmp_path / "older" / "report.json").read_text() == "mine"
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "arguments", [["--minutes", "0"], ["--minutes", "x"], ["--power-csv", "f"]]
)
def test_bad_arguments_are_one_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["run", *arguments])
    assert refused.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_what_an_external_meter_recorded_is_read_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verb = partial(run, brief=replace(TINY, power_s=0.5, scenes=(), smiles=()))
    out, began = tmp_path / "out", time.time()
    assert main(["run", "--quick", "--meter", "external", "--out", str(out)], run=verb) == 0
    later = f"python -m benchmarks report {out} --power-csv FILE"
    assert capsys.readouterr().out.splitlines()[-1] == f"power is missing: {later}"
    measured = read_report(out)
    assert [stretch.name for stretch in measured.unmetered] == list(PHASES)
    assert measured.power is None
    assert not any("power" in line for line in measured.left_out)

    recording = tmp_path / "usb.csv"
    recording.write_text("time,power\n1,2\n")
    fill = ["report", str(out), "--power-csv", str(recording)]
    assert main(fill) == 2
    assert f"{recording}, line 2" in capsys.readouterr().err
    assert read_report(out) == measured
    for watts in (3.5, 4.5):  # the first recording is the wrong file
        rows = (f"{began + at / 10:.1f},{watts}\n" for at in range(1200))
        recording.write_text("time,power\n" + "".join(rows))
        assert main(fill) == 0
        filled = read_report(out)
        assert filled.power is not None
        assert [phase.mean_w for phase in filled.power.phases] == pytest.approx([watts] * 3)
        assert filled.power.joules_per_frame is not None
        assert filled.unmetered == ()
        assert "## Power" in (out / "report.md").read_text()
