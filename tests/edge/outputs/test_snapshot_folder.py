"""A snapshot's folder: its limits, and what goes wrong with it."""

from __future__ import annotations

import os
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest

from edge.outputs.snapshot import Snapshot
from edge.values import Decision, Frame, Grey
from tests.edge.outputs.harness import EventLog, Opened, fire_and_close, fire_until_idle
from tests.edge.outputs.snapshot_files import DAY_S, OTHERS, OURS, album, names, put
from tests.waiting import holds, wait_until


class QuickSnapshot(Snapshot):
    MAINTAIN_S = 0.02


class Card(Snapshot):
    """Saves on a card with little room, which the test sets."""

    free = 0
    folders: ClassVar[set[Path]] = set()

    def free_bytes(self, folder: Path) -> int:
        self.folders.add(folder)
        return self.free


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size in bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def card() -> type[Card]:
    return type("FreshCard", (Card,), {"folders": set()})


def test_old_pictures_are_deleted_and_no_other_files(opened: Opened, folder: Path) -> None:
    put(folder, *OURS, *OTHERS, age_s=2 * DAY_S)
    put(folder, "smile-20260201-142530-123.jpg", age_s=DAY_S / 2)
    put(folder / "smile-folder", OURS[0], age_s=2 * DAY_S)
    outputs = opened(album(folder, max_age_days=1))
    wait_until(lambda: not {*OURS} & {*names(folder)})
    outputs.close()
    assert names(folder) == sorted([*OTHERS, "smile-20260201-142530-123.jpg", "smile-folder"])
    assert names(folder / "smile-folder") == [OURS[0]]


def test_the_oldest_pictures_are_deleted_when_the_folder_is_too_large(
    opened: Opened, events: EventLog, folder: Path, frame: Frame
) -> None:
    days = [f"smile-202601{day:02}-000000-000.jpg" for day in range(1, 6)]
    strip = "smile-20260103-000000-000-strip.jpg"
    put(folder, *reversed(days), strip, size=250_000)
    put(folder, *OTHERS, ".smile-x1y2z3.part", size=5_000_000)
    outputs = opened(album(folder, max_mb=1))
    # There is room for four of them, but not beside a new one.
    wait_until(lambda: len({*days, strip} & {*names(folder)}) == 4)
    fire_and_close(outputs, frame)
    assert events.names == ["saved"]
    new = Path(str(events[0].facts["file"])).name
    assert names(folder) == sorted([*OTHERS, days[2], days[3], days[4], new])


@pytest.mark.parametrize("way", ["dangling link", "folder"])
def test_what_is_no_picture_is_skipped_with_one_warning(
    opened: Opened, folder: Path, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    put(folder, *OURS, age_s=2 * DAY_S)
    strangers = [
        folder / "smile-20260101-000000-000.jpg",
        folder / "smile-20270101-000000-000.jpg",
        folder / ".smile-a1b2c3.part",
    ]
    for path in strangers:
        path.mkdir() if way == "folder" else path.symlink_to("gone")
    outputs = opened(album(folder, max_age_days=1), open_output=QuickSnapshot)
    wait_until(lambda: not {*OURS} & {*names(folder)})
    put(folder, OURS[0], age_s=2 * DAY_S)
    wait_until(lambda: OURS[0] not in names(folder))
    assert outputs.faults == []
    assert {path.name for path in strangers} == {*names(folder)}
    assert sorted(record.getMessage() for record in caplog.records) == sorted(
        f"outputs.album: {path} is left alone: it is no file" for path in strangers
    )


@pytest.mark.parametrize(("error", "fault"), [(FileNotFoundError, False), (PermissionError, True)])
def test_a_picture_that_is_gone_or_cannot_be_deleted_keeps_no_other(
    opened: Opened,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: type[OSError],
    fault: bool,
) -> None:
    unlink = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path.name == OURS[1]:
            raise error(1, "refused")
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    put(folder, "smile-20200101-000000-000.jpg", *OURS, age_s=2 * DAY_S)
    outputs = opened(album(folder, max_age_days=1))
    wait_until(lambda: names(folder) == [OURS[1]])
    expected = f"outputs.album: expected the folder {folder} to be usable, got: refused"
    wait_until(lambda: outputs.faults == [expected] * fault)


def test_a_clock_set_back_does_not_make_new_pictures_the_oldest(
    opened: Opened, events: EventLog, folder: Path, frame: Frame
) -> None:
    put(folder, "smile-20990101-000000-000.jpg", "smile-20990101-000000-001.jpg", size=499_900)
    fire_and_close(opened(album(folder, max_mb=1)), frame)
    new = Path(str(events[0].facts["file"])).name
    assert names(folder) == sorted(["smile-20990101-000000-001.jpg", new])


def test_a_clock_that_jumps_costs_no_pictures_for_an_hour(opened: Opened, folder: Path) -> None:
    class Jumping(QuickSnapshot):
        ahead_s = 0.0

        def wall_clock(self) -> float:
            return time.time() + self.ahead_s

    outputs = opened(album(folder, max_age_days=1), open_output=Jumping)
    put(folder, *OURS)
    Jumping.ahead_s = 300 * DAY_S
    assert holds(lambda: names(folder) == sorted(OURS), 0.2)
    assert outputs.faults == []
    Jumping.DISTRUST_S = 0.1
    wait_until(lambda: names(folder) == [])


def test_pictures_get_too_old_also_when_nothing_fires(opened: Opened, folder: Path) -> None:
    assert (Snapshot.MAINTAIN_S or DAY_S) <= 3600
    opened(album(folder, max_age_days=1), open_output=QuickSnapshot)
    wait_until(folder.is_dir)
    put(folder, *OURS)
    assert holds(lambda: names(folder) == sorted(OURS), 0.15)
    put(folder, OURS[0], "holiday.jpg", age_s=2 * DAY_S)
    wait_until(lambda: names(folder) == sorted([OURS[1], "holiday.jpg"]))


def test_what_a_power_cut_left_half_written_is_deleted(
    opened: Opened, folder: Path, frame: Frame
) -> None:
    theirs = [".hidden", ".smile-notes.txt"]
    put(folder, ".smile-x1y2z3.part", *theirs)
    outputs = opened(album(folder))
    wait_until(lambda: names(folder) == theirs)
    put(folder, ".smile-a4b5c6.part")
    fire_and_close(outputs, frame)
    assert [name for name in names(folder) if name.startswith(".")] == theirs


def test_too_little_room_is_a_fault_until_there_is_some(
    opened: Opened, events: EventLog, folder: Path, frame: Frame, card: type[Card]
) -> None:
    card.free = 500_000_000 + 100  # enough, but not with the picture
    outputs = opened(album(folder, min_free_mb=500, strip=2), open_output=card)
    fire_until_idle(outputs, frame)
    assert events.names == ["fault"]
    assert events[0].facts["output"] == "album"
    expected = f"500 MB to stay free in {folder}"
    reason = f"outputs.album: expected {expected}, got: less, so nothing is saved"
    assert outputs.faults == events.reasons == [reason]
    assert card.folders == {folder}
    assert names(folder) == []
    card.free = 600_000_000
    fire_and_close(outputs, frame)
    assert events.names == ["fault", "saved", "fault_over"]
    assert outputs.faults == []
    assert len(names(folder)) == 2


def test_as_much_room_as_is_to_stay_free_is_no_fault(
    opened: Opened, folder: Path, card: type[Card]
) -> None:
    card.free, card.MAINTAIN_S = 500_000_000, 0.02
    outputs = opened(album(folder, min_free_mb=500), open_output=card)
    wait_until(lambda: card.folders == {folder})
    assert holds(lambda: outputs.faults == [], 0.1)


def test_a_floor_above_what_is_free_keeps_the_card_as_it_is(
    opened: Opened, events: EventLog, folder: Path, frame: Frame
) -> None:
    fire_and_close(opened(album(folder, min_free_mb=1e12)), frame)
    assert events.reasons
    assert set(events.names) == {"fault"}
    assert names(folder) == []


def test_too_little_room_stays_a_fault_until_there_is_some(
    opened: Opened, events: EventLog, folder: Path, frame: Frame, card: type[Card]
) -> None:
    card.free, card.MAINTAIN_S = 100_000_000, 0.02
    outputs = opened(album(folder, min_free_mb=500), open_output=card)
    fire_until_idle(outputs, frame)
    assert holds(lambda: events.names == ["fault"], 0.1)
    card.free = 600_000_000
    wait_until(lambda: events.names == ["fault", "fault_over"])


def test_a_file_in_the_folders_place_is_a_fault_until_it_is_gone(
    opened: Opened, events: EventLog, folder: Path, frame: Frame
) -> None:
    folder.write_text("mine")
    outputs = opened(album(folder))
    wait_until(lambda: len(events) > 0)
    fire_until_idle(outputs, frame)
    assert events.reasons == [
        f"outputs.album: expected the folder {folder} to be usable, got: File exists",
        f"outputs.album: expected to save a picture in {folder}, got: File exists",
    ]
    assert folder.read_text() == "mine"
    assert "saved" not in events.names
    folder.unlink()
    fire_and_close(outputs, frame)
    assert events.names[-2:] == ["saved", "fault_over"]
    assert len(names(folder)) == 1


def test_a_file_that_cannot_grow_leaves_nothing_behind(
    opened: Opened, events: EventLog, folder: Path, collins: Grey
) -> None:
    frame = Frame(0, 12.5, collins)
    outputs = opened(album(folder))
    with files_of_at_most(4096):
        fire_until_idle(outputs, frame)
    assert events.reasons == [
        f"outputs.album: expected to save a picture in {folder}, got: File too large"
    ]
    assert names(folder) == []
    fire_and_close(outputs, frame)
    assert events.names == ["fault", "saved", "fault_over"]


def test_a_picture_appears_whole_or_not_at_all(
    opened: Opened, folder: Path, frame: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    outputs = opened(album(folder), lambda _: None)
    fsync = os.fsync

    def look(descriptor: int) -> None:
        seen.append([name for name in names(folder) if not name.startswith(".")])
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", look)
    fire_and_close(outputs, frame)
    assert seen == [[], names(folder)]  # its folder is brought to the disk, too
    assert len(names(folder)) == 1


def test_saving_never_holds_up_the_frames(
    opened: Opened, events: EventLog, folder: Path, frame: Frame
) -> None:
    written = threading.Event()

    class SlowCard(Snapshot):
        def free_bytes(self, folder: Path) -> int:
            written.wait(5.0)
            return super().free_bytes(folder)

    outputs = opened(album(folder, strip=2), open_output=SlowCard)
    for index in range(10):
        outputs.step(Decision(float(index), fire=index == 2), frame)
    assert not outputs.idle
    assert events == []
    written.set()
    wait_until(lambda: outputs.idle)
    assert events.names == ["saved"]
