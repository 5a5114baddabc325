"""The board's sensors, from a folder like the kernel's and a program called vcgencmd."""

from __future__ import annotations

import logging
import mmap
import threading
from contextlib import closing
from itertools import chain, repeat
from pathlib import Path

import pytest

from edge.service.board import BoardWatch, Health, private_mb, read_health
from tests.edge.diagnose.examined_machine import Machine
from tests.waiting import wait_until


@pytest.fixture
def zones(tmp_path: Path) -> Path:
    for number, text in enumerate(["41000\n", "55500\n", "", "hot\n"]):
        zone = tmp_path / "thermal" / f"thermal_zone{number}"
        zone.mkdir(parents=True)
        (zone / "temp").write_text(text)
    (tmp_path / "thermal" / "cooling_device0").mkdir()
    return tmp_path / "thermal"


def test_holds_what_it_fills_and_not_what_it_maps(tmp_path: Path) -> None:
    before = private_mb()
    filled = bytearray(b"x" * 50_000_000)
    assert 40 < private_mb() - before < 70
    (tmp_path / "file").write_bytes(filled)
    del filled
    with (tmp_path / "file").open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        assert mapped.find(b"y") == -1
        assert private_mb() - before < 30
        mapped.close()


def test_reads_the_hottest_zone_and_the_throttling(zones: Path, machine: Machine) -> None:
    machine.install("vcgencmd", 'test "$1" = get_throttled && echo throttled=0x50005')
    health = read_health(zones)
    assert health == Health(55.5, 0x50005)
    voltage, throttled = health.warnings
    assert "voltage is too low" in voltage
    assert "throttled" in throttled


@pytest.mark.parametrize(
    ("bits", "count"), [(0x0, 0), (0x50000, 0), (0xF0000, 0), (0x2, 1), (0x8, 1), (0xF, 4)]
)
def test_warns_of_what_is_now_only(bits: int, count: int) -> None:
    assert len(Health(None, bits).warnings) == count


@pytest.mark.parametrize(
    "body", ["exit 1", "echo error=1", "echo throttled=", "kill -9 $$", "printf '\\377'"]
)
def test_a_vcgencmd_that_does_not_say_is_none(tmp_path: Path, machine: Machine, body: str) -> None:
    machine.install("vcgencmd", body)
    assert read_health(tmp_path) == Health(None, None)
    assert Health(None, None).warnings == ()


def test_without_a_vcgencmd_there_are_no_warnings(
    zones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert read_health(zones) == Health(55.5, None)


def watch(again_s: float = 3600.0) -> BoardWatch:
    """Return a watch whose own thread has ended."""
    watch = BoardWatch(78.0, lambda: Health(None, None), again_s=again_s)
    watch.close()
    wait_until(lambda: "board" not in {thread.name for thread in threading.enumerate()})
    return watch


def test_hot_from_its_bound_on_until_it_is_cooler(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    board = watch(again_s=0.0)
    hot = []
    for temperature in [77.9, 78.0, 85.0, 77.0, 73.0, 72.9, 77.0, 78.5, None]:
        board.update(Health(temperature, None))
        hot.append(board.hot)
    assert hot == [False, True, True, True, True, False, False, True, False]
    logged = [message.partition(", ")[2].partition(":")[0] for message in caplog.messages]
    assert logged == ["hot", "cool again"] * 2
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"] * 2
    assert board.health == Health(None, None)


def test_warns_once_of_each_thing(caplog: pytest.LogCaptureFixture) -> None:
    board = watch()
    for bits in [0x0, 0x1, 0x10001, 0x50005, 0x50005, 0x50001]:
        board.update(Health(50.0, bits))
    assert ["voltage" in message for message in caplog.messages] == [True, True]
    assert "throttled" in caplog.messages[1]
    assert {record.levelname for record in caplog.records} == {"WARNING"}


@pytest.mark.parametrize(("again_s", "warnings"), [(3600.0, 2), (0.0, 10)])
def test_what_comes_and_goes_is_warned_of_once_an_hour(
    caplog: pytest.LogCaptureFixture, again_s: float, warnings: int
) -> None:
    board = watch(again_s)
    for _ in range(5):
        board.update(Health(90.0, 0x1))
        board.update(Health(50.0, 0x10000))
    assert ["hot" in message for message in caplog.messages] == [False, True] * (warnings // 2)


def test_reads_periodically_until_closed_though_a_reading_fails(
    caplog: pytest.LogCaptureFixture,
) -> None:
    readings = chain(["50", "broken"], repeat("52"))

    def read() -> Health:
        return Health(float(next(readings)), None)

    with closing(BoardWatch(52.0, read, every_s=0.01)) as board:
        wait_until(lambda: board.hot)
    wait_until(lambda: "board" not in {thread.name for thread in threading.enumerate()})
    assert "broken" in caplog.text
