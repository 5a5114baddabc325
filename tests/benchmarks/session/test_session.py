from __future__ import annotations

import resource
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.peers.smilenet import DevicePath
from benchmarks.report.report_json import ReportError, read_report
from benchmarks.session.session import Session
from tests.benchmarks.report.example_report import full_report
from tests.benchmarks.session.tiny_plan import TINY


def test_a_disk_that_fills_up_keeps_the_report_before(tmp_path: Path) -> None:
    session = Session(tmp_path, TINY, full_report())
    session.save()
    report = read_report(tmp_path)
    session.add(partial="later")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))  # writes fail as on a full disk
    try:
        with pytest.raises(ReportError, match="got: File too large"):
            session.save()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert read_report(tmp_path) == report
    assert {path.name for path in tmp_path.iterdir()} == {"report.json", "raw.jsonl"}


def test_peers_are_timed_without_the_pictures_too(tmp_path: Path) -> None:
    plan = replace(TINY, peers={"smilenet": DevicePath}, data=tmp_path / "none")
    session = Session(tmp_path, plan, full_report(peers=(), left_out=()))
    session.measure_peers()
    (peer,) = session.report.peers
    assert peer.timing
    assert not peer.error
    (reason,) = session.report.left_out
    assert reason.startswith(f"the peers' accuracy: {tmp_path}/none: expected genki4k")
