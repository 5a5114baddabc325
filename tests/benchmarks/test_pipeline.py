from __future__ import annotations

import json
from pathlib import Path

import pytest

import benchmarks.__main__ as benchmarks
from benchmarks.path import compare, measure
from benchmarks.scenes import Scene
from edge.frames import Box, Frame


def test_scenes_are_the_same_each_time_and_say_where_the_faces_are() -> None:
    for scene in (Scene(1, "walking"), Scene(4, "entering"), Scene(12, "still", (1131, 679))):
        film, again = scene.render(12), scene.render(12)
        pairs = zip(film, again, strict=True)
        assert all((one.grey == two.grey).all() for (one, _), (two, _) in pairs)
        assert film[6][0].grey.shape == scene.size[::-1]
        assert max(len(boxes) for _, boxes in film) <= scene.faces
    assert len(Scene(12).render(1)[0][1]) == 12
    comes_and_goes = [len(boxes) for _, boxes in Scene(1, "entering").render(16)]
    assert comes_and_goes == [0] * 4 + [1] * 8 + [0] * 4


def test_a_path_is_held_against_the_truth() -> None:
    film = Scene(1).render(4)
    face = film[0][1][0]
    beside = Box(face.x + 11, face.y, face.w, face.h)
    judged = iter([[], [beside], [beside, Box(0, 0, 50, 50)], [beside]])

    def judge(_: Frame) -> list[Box]:
        return next(judged)

    found = measure(film, judge)
    assert found.recall == 0.75
    assert found.box_error == pytest.approx(0.1, abs=0.02)
    assert found.false == 0.25
    assert found.first_s == pytest.approx(1 / 30)


def test_prints_and_keeps_the_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scenes = [Scene(1, "walking")]
    monkeypatch.setattr(benchmarks, "compare", lambda _, *rest: compare(scenes, 8, 2, rest[-1]))
    assert benchmarks.main(["pipeline", "--quick", "--json", str(tmp_path / "figures.json")]) == 0
    assert "one walking face: " in capsys.readouterr().out.splitlines()[-1]
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert set(figures["1 walking at 640x480"]) == {"this", "naive", "cascades"}
    assert figures["1 walking at 640x480"]["this"]["recall"] == 1.0
