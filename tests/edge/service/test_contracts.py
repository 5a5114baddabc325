"""The JSON Schemas under docs/ and what the gate really says."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator, ValidationError

from edge.values import EventName
from tests.conftest import ROOT
from tests.edge.cli.commands import records
from tests.edge.service.running_service import SOON_LOST, Serve, put
from tests.waiting import wait_until

ALL_OUTPUTS = """
[outputs.pictures]
kind = "snapshot"
folder = "{folder}/pictures"
[outputs.heard]
kind = "command"
command = ["/bin/sh", "-c", "cat > {folder}/heard"]
[outputs.later]
kind = "shutter"
pin = 23
delay_s = 2.5
[outputs.broken]
kind = "command"
command = ["/bin/false"]
"""


def schema(name: str) -> dict[str, Any]:
    kind: dict[str, Any] = json.loads((ROOT / "docs" / f"{name}.schema.json").read_text())
    Draft202012Validator.check_schema(kind)
    return kind


def check(record: dict[str, Any], kind: dict[str, Any]) -> None:
    """Check that a record is valid, and that the schema describes each of its keys."""
    Draft202012Validator(kind).validate(record)
    assert set(record) <= set(kind["properties"])


def test_all_events_of_a_live_camera_are_as_documented(serve: Serve, tmp_path: Path) -> None:
    served = serve("plain", SOON_LOST)
    served.wait_ready()
    outputs = ALL_OUTPUTS.format(folder=tmp_path)
    served.reload(more=outputs)
    served.reload(("[trigger]", '[board]\nname = "door"\n[trigger]'), more=outputs)
    put(served.camera, "smile")
    for name in ("saved", "fault", "countdown"):
        served.wait_for(name)
    heard = tmp_path / "heard"
    wait_until(lambda: heard.exists() and heard.read_text().endswith("\n"))
    served.service.disarm()
    for name in ("cancelled", "disarmed"):
        served.wait_for(name)
    served.service.arm()
    served.wait_for("armed")
    put(served.camera, "plain")
    served.wait_for("smile_off")
    served.unplug()
    put(served.camera, "plain")
    served.wait_for("camera_back")
    served.wait_for("fault_over")
    event = schema("event")
    lines = [json.loads(event.line()) for event in served.events]
    for line in lines:
        check(line, event)
    documented = set(event["properties"]["event"]["enum"])
    assert documented == set(get_args(EventName))
    assert {line["event"] for line in lines} >= documented - {"face_lost"}
    assert {line["device"] for line in lines} == {socket.gethostname(), "door"}
    record = json.loads(heard.read_text())
    check(record, event)
    assert record["device"] == "door"
    report = json.loads(json.dumps(served.service.report()))
    check(report, schema("status"))
    assert report["device"] == "door"


def test_events_of_a_clip_have_the_clips_time(smile_gate: Any, clip: Path) -> None:
    _, out, _ = smile_gate("run", "--source", clip, "--events", "-")
    event = schema("event")
    lines = records(out)
    assert lines
    for line in lines:
        check(line, event)
        assert {"at", "device"}.isdisjoint(line)
        assert line["time"] < 10.0


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("time", "1"),
        ("time", None),
        ("event", "frowned"),
        ("event", None),
        ("face", None),
        ("face", "1"),
        ("face", 0),
        ("at", "2026-01-31 12:34:56Z"),
        ("at", "2026-01-31T12:34:56.789+01:00"),
        ("device", None),
    ],
)
def test_the_schema_of_events_refuses_what_is_none(key: str, value: object) -> None:
    good: dict[str, Any] = {"time": 1.0, "event": "smile_on", "face": 1}
    good |= {"at": "2026-01-31T12:34:56.789Z", "device": "door"}
    check(good, schema("event"))
    bad = {name: kept for name, kept in (good | {key: value}).items() if kept is not None}
    with pytest.raises(ValidationError):
        check(bad, schema("event"))
