"""The registry of faults: what is announced, and what is shown."""

from __future__ import annotations

from edge.outputs.faults import Faults
from edge.values import Event, Fault
from tests.edge.outputs.harness import EventLog


def test_each_fault_is_announced_when_it_begins_changes_and_ends(events: EventLog) -> None:
    shown: list[Fault | None] = []
    faults = Faults(events, shown.append, lambda: 7.0)
    faults.begin("output", "its pin is gone", "a")
    faults.begin("output", "its pin is gone", "a")
    faults.begin("output", "it hangs", "a")
    faults.begin("camera", "it was pulled out")
    assert faults.reasons == ["it hangs", "it was pulled out"]
    assert [faults.has("camera"), faults.has("rate"), faults.has("output")] == [True, False, False]
    assert [faults.has("output", name) for name in "ab"] == [True, False]
    faults.end("output", "b")
    faults.end("output", "a")
    faults.end("camera")
    faults.end("camera")
    assert faults.reasons == []
    a: dict[str, str] = {"fault": "output", "output": "a"}
    assert events == [
        Event(7.0, "fault", {**a, "reason": "its pin is gone"}),
        Event(7.0, "fault", {**a, "reason": "it hangs"}),
        Event(7.0, "fault", {"fault": "camera", "reason": "it was pulled out"}),
        Event(7.0, "fault_over", a),
        Event(7.0, "fault_over", {"fault": "camera"}),
    ]
    assert shown == ["output", "output", "camera", "camera", None]
