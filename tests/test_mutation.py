from __future__ import annotations

from tests.mutation import table, to_try

KNOWN = {
    "edge.trigger.x_low_pass__mutmut_1": "killed",
    "edge.trigger.x_low_pass__mutmut_2": "survived",
    "edge.trigger.x_low_pass__mutmut_3": "not checked",
    "edge.trigger.x_low_pass__mutmut_4": "timeout",
    "edge.model.crop.x_crop__mutmut_1": "no tests",
}


def test_a_run_goes_on_where_the_last_ended() -> None:
    assert to_try({}, ["edge.trigger"], living=False) == ["edge.trigger.*"]
    [left] = to_try(KNOWN, ["edge"], living=False)
    assert left.endswith("_3")
    assert len(to_try(KNOWN, ["edge"], living=True)) == 3
    assert to_try(KNOWN, ["edge.trigger", "edge.faces"], living=False) == [left, "edge.faces.*"]


def test_the_table_counts_what_was_tried() -> None:
    rows = [line.split() for line in table(KNOWN, ["edge.model.crop", "edge.trigger"])]
    assert rows == [
        ["edge.trigger", "3", "mutants", "2", "killed", "1", "lived", "66.7", "%"],
        ["edge.model.crop", "1", "mutants", "0", "killed", "1", "lived", "0.0", "%"],
        ["all", "4", "mutants", "2", "killed", "2", "lived", "50.0", "%"],
    ]
