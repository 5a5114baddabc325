from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory
from msgspec.structs import replace

from edge.cameras.demo import DemoCamera
from edge.diagnose.replay import FalseFiring, Miss, Result, read_truth, score
from edge.diagnose.trace import Step
from edge.errors import TruthError
from edge.values import Decision
from tests.edge.cameras.containers import set_lengths

ONE = [(2.0, 4.0)]
TWO = [(2.0, 4.0), (6.0, 8.0)]


def steps(firings: list[float]) -> list[Step]:
    return [Step(Decision(time, fire=True, face=1, score=0.9), {1: 0.9}) for time in firings]


@pytest.mark.parametrize(
    ("firings", "smiles", "hits", "misses", "false_firings", "latencies_s"),
    [
        pytest.param([2.4], ONE, 1, 0, 0, [0.4], id="hit"),
        pytest.param([2.0], ONE, 1, 0, 0, [0.0], id="at once"),
        pytest.param([3.0], ONE, 1, 0, 0, [1.0], id="just in time"),
        pytest.param([3.01], ONE, 0, 1, 1, [], id="late, though it still smiles"),
        pytest.param([1.99], ONE, 0, 1, 1, [], id="before the smile"),
        pytest.param([1.9, 2.1], ONE, 1, 0, 1, [0.1], id="before the smile and in time"),
        pytest.param([2.4, 2.6], ONE, 1, 0, 1, [0.4], id="two in one window"),
        pytest.param([2.4, 6.2], TWO, 2, 0, 0, [0.4, 0.2], id="two hits"),
        pytest.param([6.2], TWO, 1, 1, 0, [0.2], id="the first missed"),
        pytest.param([2.4, 5.0], TWO, 1, 1, 1, [0.4], id="between the two"),
        pytest.param([2.4], [(2.0, 2.1), (2.3, 3.0)], 1, 1, 0, [0.4], id="one for two windows"),
        pytest.param([2.2, 2.4], [(2.0, 2.1), (2.3, 3.0)], 2, 0, 0, [0.2, 0.1], id="one each"),
        pytest.param([], ONE, 0, 1, 0, [], id="no firings"),
        pytest.param([5.0, 6.0], [], 0, 0, 2, [], id="no smiles"),
        pytest.param([], [], 0, 0, 0, [], id="nothing"),
    ],
)
def test_firings_and_smiles(
    firings: list[float],
    smiles: list[tuple[float, float]],
    hits: int,
    misses: int,
    false_firings: int,
    latencies_s: list[float],
) -> None:
    result = score(steps(firings), smiles, length_s=1800.0, within_s=1.0)
    assert replace(result, missed=[], fired_falsely=[]) == Result(
        hits, misses, false_firings, hours=0.5, latencies_s=latencies_s
    )
    assert (len(result.missed), len(result.fired_falsely)) == (misses, false_firings)


def test_each_miss_has_the_best_score_of_its_smile_and_each_false_firing_its_own() -> None:
    def step(time: float, level: float, *faces: int, fire: int | None = None) -> Step:
        decision = Decision(time, fire=fire is not None, face=fire, score=level)
        return Step(decision, dict.fromkeys(faces, level))

    clip = [
        step(1.9, 0.99, 1),
        step(2.0, 0.5, 1),
        step(3.5, 0.7, 1),
        step(4.5, 0.98, 1),
        step(6.5, 0.0),
        step(9.0, 0.9, 4, fire=4),
    ]
    result = score(clip, TWO, length_s=10.0, within_s=1.0)
    assert result.missed == [Miss(2.0, 4.0, 0.7, 3.5), Miss(6.0, 8.0, None, None)]
    assert result.fired_falsely == [FalseFiring(9.0, 4, 0.9)]
    assert result.lines() == [
        "hits            0",
        "misses          2",
        "  2.00 to 4.00 s: highest score 0.70, at 3.50 s",
        "  6.00 to 8.00 s: no face was seen",
        "false firings   1 in 10.0 s: 360.0 an hour",
        "  at 9.00 s: face 4, score 0.90",
    ]


def test_within_says_how_late_a_hit_may_be() -> None:
    assert score(steps([2.4]), ONE, 10.0, within_s=0.3).hits == 0
    assert score(steps([2.4]), ONE, 10.0, within_s=0.5).hits == 1


def test_a_result_in_words() -> None:
    result = Result(hits=3, misses=1, false_firings=2, hours=2.0, latencies_s=[0.4, 0.9, 0.5])
    assert result.lines() == [
        "hits            3",
        "misses          1",
        "false firings   2 in 7200.0 s: 1.0 an hour",
        "smile to pulse  median 0.500 s, worst 0.900 s",
    ]
    assert len(Result(0, 1, 0, hours=1.0, latencies_s=[]).lines()) == 3


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Of the demo clip, where the face begins to change at 1.2 s and smiles wholly at 1.5 s."""
    file = tmp_path / "labels.json"
    file.write_text('{"smiles": [[1.35, 3.25]]}')
    return file


@pytest.mark.parametrize(
    ("text", "smiles"),
    [('\ufeff{"smiles": []}', []), ('{"smiles": [[0, 1], [1, 2.5]]}', [(0.0, 1.0), (1.0, 2.5)])],
)
def test_labels(labels: Path, text: str, smiles: list[tuple[float, float]]) -> None:
    labels.write_text(text)
    assert read_truth(labels) == smiles


SHAPE = 'expected {"smiles": [[start, end], ...]}, got: '
ORDER = "expected smiles as [start, end] in seconds, one after the other, got "


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", SHAPE),
        ("\xff", SHAPE),
        ("[[1, 2]]", SHAPE),
        ("{}", SHAPE),
        ('{"smiles": [1, 2]}', SHAPE),
        ('{"smiles": [[1]]}', SHAPE),
        ('{"smiles": [[1, 2, 3]]}', SHAPE),
        ('{"smiles": [["1", "2"]]}', SHAPE),
        ('{"smiles": [[1, null]]}', SHAPE),
        ('{"smiles": [], "frowns": []}', SHAPE),
        ('{"smiles": [[1, 3], [2, 4]]}', f"{ORDER}[2, 4] after 3 s"),
        ('{"smiles": [[5, 6], [1, 2]]}', f"{ORDER}[1, 2] after 6 s"),
        ('{"smiles": [[2, 1]]}', f"{ORDER}[2, 1] after 0 s"),
        ('{"smiles": [[1, 1]]}', f"{ORDER}[1, 1] after 0 s"),
        ('{"smiles": [[-1, 1]]}', f"{ORDER}[-1, 1] after 0 s"),
    ],
)
def test_bad_labels_are_refused(labels: Path, text: str, message: str) -> None:
    labels.write_bytes(text.encode("latin-1"))
    with pytest.raises(TruthError) as caught:
        read_truth(labels)
    assert str(caught.value).startswith(f"{labels}: {message}")
    assert "\n" not in str(caught.value)


def test_missing_labels_are_named(tmp_path: Path) -> None:
    with pytest.raises(TruthError, match=r"gone\.json: expected a file of labels, got: No such"):
        read_truth(tmp_path / "gone.json")
    with pytest.raises(TruthError, match="expected a file of labels, got: Is a directory"):
        read_truth(tmp_path)


def test_replay_drives_no_pin(
    smile_gate: Any, labels: Path, pins: MockFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILE_GATE_FACES__MIN_FACE_PX", "140")  # faster
    code, out, err = smile_gate("replay", "demo", "--truth", labels, "--json")
    assert (code, err) == (0, "")
    result = json.loads(out)
    [latency_s] = result.pop("latencies_s")
    assert 0.3 <= latency_s <= 0.6
    assert result.pop("hours") == pytest.approx(4.0 / 3600)
    assert result == {
        "hits": 1, "misses": 0, "false_firings": 0, "missed": [], "fired_falsely": []
    }  # fmt: skip
    code, out, err = smile_gate("replay", "demo", "--truth", labels, "--within", "0.1")
    assert (code, err) == (0, "")
    hits, misses, missed, false_firings, fired_falsely = out.splitlines()
    assert (hits, misses) == ("hits            0", "misses          1")
    assert missed.startswith("  1.35 to 3.25 s: highest score 0.9")
    assert false_firings == "false firings   1 in 4.0 s: 900.0 an hour"
    assert fired_falsely.startswith("  at 1.8")
    assert not pins.pins


def test_a_clip_is_as_long_as_its_container_says(
    smile_gate: Any, labels: Path, clip: Path, tmp_path: Path
) -> None:
    """The second half is played at a third of the speed, as a phone stores it in poor light."""
    labels.write_text('{"smiles": [[1.35, 5.75]]}')
    slow = Path(shutil.copy(clip, tmp_path))
    set_lengths(slow, [1.0] * 60 + [3.0] * 60)
    code, out, err = smile_gate("replay", slow, "--truth", labels, "--json")
    assert (code, err) == (0, "")
    result = json.loads(out)
    assert result["hits"] == 1
    assert result["hours"] * 3600 == pytest.approx(8.0, abs=0.1)


def test_replay_heeds_the_configuration(
    smile_gate: Any, labels: Path, portraits: Path, tmp_path: Path
) -> None:
    config = tmp_path / "c.toml"
    labels.write_text('{"smiles": [[0.0, 0.8]]}')
    arguments = ("replay", f"images:{portraits}@2", "--truth", labels, "--json", "--config", config)
    for hold_s, latencies_s in ((0, [0.5]), (0.1, [])):
        config.write_text(f"[trigger]\nhold_s = {hold_s}\nsmoothing_s = 0\n")
        assert json.loads(smile_gate(*arguments)[1])["latencies_s"] == latencies_s


@pytest.mark.parametrize("start", [1.0, 7.5])
def test_labels_beyond_the_end_are_refused(
    smile_gate: Any, labels: Path, portraits: Path, start: float
) -> None:
    labels.write_text(json.dumps({"smiles": [[0.5, 0.9], [start, 9.0], [10.0, 11.0]]}))
    code, out, err = smile_gate("replay", f"images:{portraits}@2", "--truth", labels)
    assert (code, out) == (2, "")
    expected = f"expected smiles within the clip's 1.0 s, got [{start:g}, 9]"
    assert err == f"smile-gate: {labels}: {expected}\n"


def test_a_live_camera_is_refused(
    smile_gate: Any, labels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = []

    class Live(DemoCamera):
        live = True

        def close(self) -> None:
            closed.append(self)

    monkeypatch.setattr("edge.cli.diagnose.open_camera", lambda _: Live())
    code, out, err = smile_gate("replay", "v4l2:0", "--truth", labels)
    assert (code, out, err) == (2, "", "smile-gate: v4l2:0: expected a recorded clip\n")
    assert closed


def test_a_live_camera_that_is_missing_has_its_own_line(smile_gate: Any, labels: Path) -> None:
    code, out, err = smile_gate("replay", "v4l2:/dev/video99", "--truth", labels)
    assert (code, out) == (2, "")
    assert err.startswith("smile-gate: v4l2:/dev/video99: expected a camera, got none there")
    assert len(err.splitlines()) == 1
