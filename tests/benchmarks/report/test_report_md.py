from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

import benchmarks.__main__ as benchmarks
from benchmarks.report.report_json import write_report
from benchmarks.report.report_md import REPORT_MD, write_report_md
from benchmarks.report.schema import Report
from tests.benchmarks.report.example_report import EMPTY, POWER, accuracy, full_report, peer, timing

FULL = full_report()


def rendered(tmp_path: Path, report: Report) -> str:
    write_report_md(report, tmp_path)
    return (tmp_path / REPORT_MD).read_text()


def test_the_headline_says_what_was_measured(tmp_path: Path) -> None:
    headline = rendered(tmp_path, FULL).splitlines()[2]
    for words in ("**313 frames a second**", "**0.52 ms**", "**6.5 ms**", "**92.4 MB**", "15.5 mJ"):
        assert words in headline
    headline = rendered(tmp_path, full_report(power=None, camera_rate=())).splitlines()[2]
    assert "mJ" not in headline
    assert "pin" not in headline
    assert "Nothing was measured" in rendered(tmp_path, full_report(**EMPTY)).splitlines()[2]


def test_each_part_has_its_section(tmp_path: Path) -> None:
    text = rendered(tmp_path, FULL)
    assert "Raspberry Pi 5 Model B Rev 1.0, revision c04170" in text
    assert "int8, 1 thread, no XNNPACK" in text
    assert "| 12 faces, still at 1131x679 | 77.7 |" in text
    assert "3 of 1,803" in text
    assert "After 6:40 of 10:00 minutes" in text
    assert "The firmware said: the processor is near its temperature limit." in text
    assert "above idle, 7.26 mJ" in text
    assert "Its maker calls it an estimate." in text
    assert "costs 0.6 % of the frame rate" in text
    assert "95.25" in text
    assert "Not measured" not in text
    assert "unsteady" not in text


def test_windows_that_lie_apart_are_called_unsteady(tmp_path: Path) -> None:
    scene = FULL.flat_out[0]
    rough = replace(scene, timing=replace(timing(1.0), windows=(1.0, 1.06)))
    assert "6.0 % (unsteady)" in rendered(tmp_path, full_report(flat_out=(rough,)))


def test_what_was_not_measured_is_listed(tmp_path: Path) -> None:
    left_out = ("power: no meter", "float32: no TensorFlow")
    report = full_report(power=None, peers=(), overhead=None, left_out=left_out)
    text = rendered(tmp_path, report)
    assert "Not measured: power, others, overhead." in text
    assert "- power: no meter\n- float32: no TensorFlow\n" in text
    for title in ("## Power", "## Against others"):
        assert title not in text
    assert "\n\n\n" not in rendered(tmp_path, full_report(**EMPTY))


def test_doubts_come_first(tmp_path: Path) -> None:
    noisy = ("load average 1.4", "clock at 600 of 2400 MHz")
    text = rendered(tmp_path, full_report(noisy=noisy, partial="interrupted in power"))
    before, _, _ = text.partition("## The device")
    assert "**Partial:** interrupted in power." in before
    assert all(f"> - {why}" in before for why in noisy)


def test_charts_and_the_raw_log_are_linked_where_the_folder_has_them(tmp_path: Path) -> None:
    text = rendered(tmp_path, FULL)
    assert "![" not in text
    assert "raw.jsonl" not in text
    for name in ("fps.svg", "raw.jsonl"):
        (tmp_path / name).touch()
    text = rendered(tmp_path, FULL)
    assert text.count("![") == 1
    assert "(fps.svg)" in text
    assert "[raw.jsonl](raw.jsonl)" in text


def test_an_emulated_device_has_no_times(tmp_path: Path) -> None:
    text = rendered(tmp_path, full_report(device=replace(FULL.device, emulated=True)))
    assert "its times mean nothing" in text.splitlines()[2]
    for words in (" ms", "fps", " mJ", "a second", " 313", "costs"):
        assert words not in text
    assert "- The classifier, int8, 1 thread." in text
    assert "- Frame to decision: 12 faces, still at 1131x679." in text
    assert "- MediaPipe: no wheel for this machine." in text
    assert "95.25" in text


def test_peers_are_compared_with_our_classifier(tmp_path: Path) -> None:
    text = rendered(tmp_path, FULL)
    assert "faster than 1 of 2 that could be timed and more accurate than 2 of 2" in text
    assert "OpenCV's smile cascade, smilenet is 1.54 times as fast and more accurate by 21" in text
    assert "fer, smilenet is **slower: it takes 1.3 times as long** and more accurate by" in text
    assert "MediaPipe could not be run: no wheel for this machine." in text


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"scene_fps": {"1 walking at 640x480": 400.0}}, "judges **0.75 times as many"),
        ({"scene_fps": {}, "timing": None}, "more accurate by 1.25 points.\n"),
        ({"accuracy": None}, "is 2 times as fast; on whole scenes it judges 30 times"),
        ({"timing": None}, "is more accurate by 1.25 points;"),
        ({"accuracy": accuracy("", 770)}, "and **less accurate by 1.00 points**;"),
        ({"accuracy": accuracy("", 762)}, "and **just as accurate**;"),
        ({"timing": None, "accuracy": None}, "fer: nothing that could be compared."),
        (
            {"accuracy": None, "error": "it died"},
            "fast; on whole scenes it judges 30 times as many frames a second. Then it failed: it",
        ),
    ],
)
def test_a_peer_that_lacks_something_is_compared_by_the_others(
    other: dict[str, Any], says: str, tmp_path: Path
) -> None:
    peers = (peer("smilenet", 1.0, 762, 300.0), replace(peer("fer", 2.0, 752, 10.0), **other))
    assert says in rendered(tmp_path, full_report(peers=peers))


def test_a_further_way_to_run_our_classifier_is_no_peer(tmp_path: Path) -> None:
    own = peer("smilenet, whole frame searched", 1.05, 762, 14.0)
    ours, *others = FULL.peers
    text = rendered(tmp_path, full_report(peers=(ours, own, *others)))
    assert "| smilenet, whole frame searched |" in text
    assert "faster than 1 of 2 that could be timed" in text
    assert "Against smilenet" not in text


def test_the_range_and_the_step_of_a_meter_are_shown(tmp_path: Path) -> None:
    power = replace(POWER, range_w=(0.0, 26.0), resolution_w=0.025, estimate=False)
    text = rendered(tmp_path, full_report(power=power))
    limits = "from 0 to 26 W, in steps of 0.025 W, to be read 10 times a second"
    assert f"{limits}. It covers the board." in text
    assert "estimate" not in text


def test_the_verb_writes_report_md_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        write_report(full_report(**EMPTY), tmp_path / name)
    assert benchmarks.main(["report", str(tmp_path / "a"), str(tmp_path / "b")]) == 0
    assert all((tmp_path / name / REPORT_MD).exists() for name in ("a", "b"))
    (tmp_path / "b" / REPORT_MD).unlink()
    assert benchmarks.main(["report", str(tmp_path / "b"), str(tmp_path / "none")]) == 2
    assert not (tmp_path / "b" / REPORT_MD).exists()
    assert "none: expected a report, got: No such file" in capsys.readouterr().err
