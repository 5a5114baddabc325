from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest

import benchmarks.__main__ as benchmarks
from benchmarks import peers
from benchmarks.measure import run
from benchmarks.measure.device import read_device
from benchmarks.measure.power import PHASES
from benchmarks.measure.run import BRIEF, Plan, measure
from benchmarks.meters.meter import MeterError
from benchmarks.peers.smilenet import DevicePath
from benchmarks.report.report_json import ReportError, read_report
from benchmarks.report.schema import Report
from benchmarks.simulate.scenes import SMILES, WALKING
from edge.cameras.demo import Portrait
from edge.model.bundle import load_bundle
from edge.settings import SHIPPED_BUNDLE
from tests.benchmarks.measure.test_power import SteadyMeter

TINY = replace(
    BRIEF,
    windows=2,
    window_s=0.001,
    film=2,
    live_s=1.1,
    pairs=1,
    command_s=0.5,
    sustained_s=0.2,
    every_s=0.1,
    power_s=0.2,
)
COMMAND = [sys.executable, "-m", "benchmarks", "run", "--quick", "--meter", "none", "--out"]


@pytest.fixture
def _few_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "QUICK", [WALKING])
    monkeypatch.setattr(run, "SMILES", SMILES[:1])
    monkeypatch.setattr(run, "ways", lambda *_: [])


def test_a_run_measures_all_there_is_and_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "QUICK", [WALKING])
    monkeypatch.setattr(run, "SMILES", SMILES[:1])
    monkeypatch.setattr(benchmarks, "BRIEF", TINY)
    monkeypatch.setattr(benchmarks, "open_meter", lambda _: SteadyMeter(4.0))
    monkeypatch.setattr(peers, "WAYS", {"smilenet": DevicePath})
    monkeypatch.delenv("SMILE_GATE_DATA", raising=False)
    out = tmp_path / "new" / "out"
    assert benchmarks.main(["run", "--quick", "--emulated", "--peers", "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert " ms" not in said.out  # an emulated device's times are nobody's
    assert f"{out}/report.json: all of it" in said.out
    assert "benchmarks: flat out: 1 walking at 640x480" in said.err
    report = read_report(out)
    assert report.partial == ""
    assert report.device.emulated
    assert [one.timing.p50 > 0 for one in report.inference if one.threads == 1] == [True, True]
    assert [one.scene for one in report.flat_out] == [WALKING.name]
    assert [one.scene for one in report.camera_rate] == [SMILES[0].name]
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


def test_ctrl_c_keeps_what_was_measured(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, str(tmp_path)], stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stderr
        _read_until(process.stderr, "no XNNPACK")
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.endswith("; what was measured is kept\n")
    assert "Traceback" not in said
    report = read_report(tmp_path)
    assert report.partial.startswith("interrupted in: inference: int8")
    assert report.inference[0].timing.p50 > 0
    assert (tmp_path / "raw.jsonl").read_text().count("\n") == 5 * len(report.inference)


def test_another_bundle_is_measured_if_the_environment_names_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SMILE_GATE_MODEL__BUNDLE", str(tmp_path / "mine"))
    assert benchmarks.main(["run", "--quick", "--out", str(tmp_path / "out")]) == 2
    assert f"{tmp_path / 'mine'}/manifest.json" in capsys.readouterr().err


def test_an_older_report_is_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report.json").write_text("mine")
    assert benchmarks.main(["run", "--quick", "--out", str(tmp_path)]) == 2
    assert "expected a folder without a report" in capsys.readouterr().err
    assert (tmp_path / "report.json").read_text() == "mine"


def _read_until(lines: IO[str], words: str) -> None:
    for line in lines:
        if words in line:
            return
    raise AssertionError(words)


def test_a_full_disk_is_one_line_and_leaves_nothing_torn(tmp_path: Path) -> None:
    # The most that a file may have, in units of 512 bytes, fails a write as a full disk does.
    done = subprocess.run(
        ["/bin/sh", "-c", 'ulimit -f 1; exec "$@"', "sh", *COMMAND, str(tmp_path / "out")],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        f"benchmarks: {tmp_path}/out: expected to keep the report there, got: File too large"
    )
    assert "Traceback" not in done.stderr
    assert not [path for path in (tmp_path / "out").iterdir() if path.name != "raw.jsonl"]


def test_a_disk_that_fills_up_keeps_the_report_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    session = run.Session(tmp_path, TINY, _report())
    session.save()
    monkeypatch.setattr(run, "write_report", full)
    session.add(partial="later")
    with pytest.raises(ReportError, match="got: No space left on device"):
        session.save()
    assert read_report(tmp_path) == _report()


def _report() -> Report:
    bundle = load_bundle(SHIPPED_BUNDLE)
    method = run._method(bundle, Plan())
    return Report(date="2026-01-31T12:00:00Z", version="1", device=read_device(), method=method)


def test_a_folder_that_cannot_be_made_is_named_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert benchmarks.main(["run", "--meter", "none", "--out", str(tmp_path / "file")]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[-1].endswith("file: expected to keep the report there, got: File exists")
    assert not any("inference" in line for line in said)


def test_a_meter_that_is_not_there_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert benchmarks.main(["run", "--meter", "pmic", "--out", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "pmic: expected" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments", [["--minutes", "0"], ["--minutes", "x"], ["--power-csv", "f"]]
)
def test_bad_arguments_are_one_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        benchmarks.main(["run", *arguments])
    assert refused.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.usefixtures("_few_parts")
def test_a_part_that_fails_is_left_out_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vanish(*_: object) -> None:
        raise MeterError("a meter: it vanished", "a meter")

    def break_(*_: object) -> None:
        raise RuntimeError("a library's own words\nand more")

    for name in ("measure_scene", "measure_phase"):
        monkeypatch.setattr(run.Session, name, vanish)
    monkeypatch.setattr(run.Session, "sustain", break_)
    said: list[str] = []
    report, _ = measure(tmp_path, TINY, meter=SteadyMeter(1.0), say=said.append)
    assert f"flat out: {WALKING.name}: a meter: it vanished" in report.left_out
    assert "power: idle: a meter: it vanished" in report.left_out
    assert report.left_out[-1].endswith("flat out: RuntimeError: a library's own words")
    assert not any("power: camera rate" in line for line in (*said, *report.left_out))
    assert report.camera_rate
    assert report.partial == ""


def test_peers_are_timed_without_the_pictures_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "WAYS", {"smilenet": DevicePath})
    session = run.Session(tmp_path, replace(TINY, data=tmp_path / "none"), _report())
    session.measure_peers()
    (found,) = session.report.peers
    assert found.timing
    assert not found.error
    (why,) = session.report.left_out
    assert why.startswith(f"the peers' accuracy: {tmp_path}/none: expected genki4k")


@pytest.mark.usefixtures("_few_parts")
def test_what_an_external_meter_recorded_is_read_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmarks, "BRIEF", replace(TINY, power_s=0.5))
    out, began = tmp_path / "out", time.time()
    assert benchmarks.main(["run", "--quick", "--meter", "external", "--out", str(out)]) == 0
    later = f"python -m benchmarks report {out} --power-csv FILE"
    assert capsys.readouterr().out.splitlines()[-1] == f"power is missing: {later}"
    measured = read_report(out)
    assert [one.name for one in measured.unmetered] == list(PHASES)
    assert measured.power is None
    assert not any("power" in line for line in measured.left_out)

    recording = tmp_path / "usb.csv"
    recording.write_text("time,power\n1,2\n")
    fill = ["report", str(out), "--power-csv", str(recording)]
    assert benchmarks.main(fill) == 2
    assert f"{recording}, line 2" in capsys.readouterr().err
    assert read_report(out) == measured
    for watts in (3.5, 4.5):  # the wrong one at first
        rows = (f"{began + at / 10:.1f},{watts}\n" for at in range(1200))
        recording.write_text("time,power\n" + "".join(rows))
        assert benchmarks.main(fill) == 0
        filled = read_report(out)
        assert filled.power is not None
        assert [one.mean_w for one in filled.power.phases] == pytest.approx([watts] * 3)
        assert filled.power.joules_per_frame is not None
        assert filled.unmetered == ()
        assert "## Power" in (out / "report.md").read_text()


def test_without_the_portraits_there_are_no_scenes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "HOPPER", Portrait("no_such_package", "a.jpg", (0.0, 0.0), 1.0))
    monkeypatch.setattr(run, "ways", lambda *_: [])
    report, _ = measure(tmp_path, TINY)
    assert report.flat_out == ()
    assert report.partial == ""
    assert "no_such_package" in report.left_out[-1]
    assert "pip install 'smile-gate[demo]'" in report.left_out[-1]


def test_each_run_of_a_day_has_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "HOPPER", Portrait("no_such_package", "a.jpg", (0.0, 0.0), 1.0))
    monkeypatch.setattr(run, "ways", lambda *_: [])
    folders = [measure(None, TINY)[1] for _ in range(3)]
    day = folders[0].name
    assert [folder.name for folder in folders] == [day, f"{day}-2", f"{day}-3"]
    report = read_report(folders[2])
    assert folders[2].parent == run.REPORTS / report.device.name
    assert report.date.startswith(day)
