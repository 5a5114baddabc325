"""A snapshot's folder: its limits, and what goes wrong with it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pytest

from edge.outputs.snapshot import Snapshot
from edge.values import Decision, Frame
from tests.edge.outputs.harness import FIRE, EventLog, Opened, run_until_idle
from tests.edge.outputs.snapshot_files import (
    BLUE,
    DAY_S,
    GREEN,
    OTHERS,
    OURS,
    RED,
    album,
    framed,
    halves,
    is_coloured,
    names,
    put,
)
from tests.waiting import holds, wait_until

UNDER_A_FILE_LIMIT = """
import resource
import sys
import numpy as np
from edge.outputs.group import Outputs
from edge.settings import SnapshotSettings
from edge.values import Decision, Frame

noise = np.random.default_rng(0).integers(0, 256, (240, 320), np.uint8)
outputs = Outputs({"album": SnapshotSettings(folder=sys.argv[1], min_free_mb=10)}, lambda _: None)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
outputs.step(Decision(1.0, fire=True), Frame(0, 1.0, noise))
outputs.end()
while not outputs.idle:
    pass
print(*outputs.faults)
outputs.close()
"""


class QuickSnapshot(Snapshot):
    MAINTAIN_S = 0.02


class Card(Snapshot):
    """Saves on a card with little room, which the test sets."""

    free = 0
    folders: ClassVar[set[Path]] = set()

    def free_bytes(self, folder: Path) -> int:
        self.folders.add(folder)
        return self.free


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
    put(folder, *reversed(days), strip, size=249_900)
    put(folder, *OTHERS, size=5_000_000)
    outputs = opened(album(folder, max_mb=1))
    # There is room for four of them, but not beside a new one.
    wait_until(lambda: len({*days, strip} & {*names(folder)}) == 4)
    outputs.step(FIRE, frame)
    run_until_idle(outputs)
    assert events.names == ["saved"]
    new = Path(str(events[0].facts["file"])).name
    assert names(folder) == sorted([*OTHERS, days[2], days[3], days[4], new])


def test_a_clock_set_back_does_not_make_new_pictures_the_oldest(
    opened: Opened, events: EventLog, folder: Path, frame: Frame
) -> None:
    put(folder, "smile-20990101-000000-000.jpg", "smile-20990101-000000-001.jpg", size=499_900)
    outputs = opened(album(folder, max_mb=1))
    outputs.step(FIRE, frame)
    run_until_idle(outputs)
    new = Path(str(events[0].facts["file"])).name
    assert names(folder) == sorted(["smile-20990101-000000-001.jpg", new])


def test_a_clock_that_jumps_costs_no_pictures_for_an_hour(opened: Opened, folder: Path) -> None:
    class Jumping(QuickSnapshot):
        ahead_s = 0.0

        def wall_clock(self) -> float:
            return time.time() + self.ahead_s

    opened(album(folder, max_age_days=1), open_output=Jumping)
    put(folder, *OURS)
    Jumping.ahead_s = 300 * DAY_S
    assert holds(lambda: names(folder) == sorted(OURS), 0.2)
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
    outputs.step(FIRE, frame)
    run_until_idle(outputs)
    assert [name for name in names(folder) if name.startswith(".")] == theirs


def test_too_little_room_is_a_fault_until_there_is_some(
    opened: Opened, events: EventLog, folder: Path, frame: Frame, card: type[Card]
) -> None:
    card.free = 500_000_000 + 100  # enough, but not with the picture
    outputs = opened(album(folder, min_free_mb=500, strip=2), open_output=card)
    outputs.step(FIRE, frame)
    wait_until(lambda: outputs.idle)
    assert events.names == ["fault"]
    assert events[0].facts["output"] == "album"
    reason = f"outputs.album: expected 500 MB to stay free in {folder}, got less: nothing is saved"
    assert outputs.faults == events.reasons == [reason]
    assert card.folders == {folder}
    assert names(folder) == []
    card.free = 600_000_000
    outputs.step(FIRE, frame)
    run_until_idle(outputs)
    assert events.names == ["fault", "saved", "fault_over"]
    assert outputs.faults == []
    assert len(names(folder)) == 2


def test_a_floor_above_what_is_free_keeps_the_card_as_it_is(
    opened: Opened, events: EventLog, folder: Path, frame: Frame
) -> None:
    outputs = opened(album(folder, min_free_mb=1e12))
    outputs.step(FIRE, frame)
    run_until_idle(outputs)
    assert events.reasons
    assert set(events.names) == {"fault"}
    assert names(folder) == []


def test_too_little_room_stays_a_fault_until_there_is_some(
    opened: Opened, events: EventLog, folder: Path, frame: Frame, card: type[Card]
) -> None:
    card.free, card.MAINTAIN_S = 100_000_000, 0.02
    outputs = opened(album(folder, min_free_mb=500), open_output=card)
    outputs.step(FIRE, frame)
    wait_until(lambda: outputs.idle)
    assert holds(lambda: events.names == ["fault"], 0.1)
    card.free = 600_000_000
    wait_until(lambda: events.names == ["fault", "fault_over"])


def test_a_file_in_the_folders_place_is_a_fault_until_it_is_gone(
    opened: Opened, events: EventLog, folder: Path, frame: Frame
) -> None:
    folder.write_text("mine")
    outputs = opened(album(folder))
    wait_until(lambda: len(events) > 0)
    outputs.step(FIRE, frame)
    wait_until(lambda: outputs.idle)
    assert events.reasons == [
        f"outputs.album: expected the folder {folder} to be usable, got: File exists",
        f"outputs.album: expected to save a picture in {folder}, got: File exists",
    ]
    assert folder.read_text() == "mine"
    assert "saved" not in events.names
    folder.unlink()
    outputs.step(FIRE, frame)
    run_until_idle(outputs)
    assert events.names[-2:] == ["saved", "fault_over"]
    assert len(names(folder)) == 1


def test_a_folder_that_cannot_be_made_is_a_fault(
    opened: Opened, events: EventLog, frame: Frame
) -> None:
    folder = Path("/proc/album")
    outputs = opened(album(folder))
    outputs.step(FIRE, frame)
    run_until_idle(outputs)
    assert events.reasons
    assert all(reason.startswith("outputs.album: expected") for reason in events.reasons)
    assert all(str(folder) in reason for reason in events.reasons)
    assert "saved" not in events.names


def test_an_error_while_writing_leaves_nothing_behind(
    opened: Opened, events: EventLog, folder: Path, frame: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = opened(album(folder))

    def fail(descriptor: int) -> None:
        assert os.fstat(descriptor).st_size > 0
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        outputs.step(FIRE, frame)
        wait_until(lambda: outputs.idle)
    assert events.reasons == [
        f"outputs.album: expected to save a picture in {folder}, got: No space left on device"
    ]
    assert names(folder) == []
    outputs.step(FIRE, frame)
    run_until_idle(outputs)
    assert events.names == ["fault", "saved", "fault_over"]


def test_a_file_that_cannot_grow_leaves_nothing_behind(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNDER_A_FILE_LIMIT, str(folder)],
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stdout == (
        f"outputs.album: expected to save a picture in {folder}, got: File too large\n"
    )
    assert names(folder) == []


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
    outputs.step(FIRE, frame)
    run_until_idle(outputs)
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
    run_until_idle(outputs)
    assert events.names == ["saved"]


def test_the_strip_is_from_before_the_firing(opened: Opened, folder: Path) -> None:
    outputs = opened(album(folder, strip=1, strip_s=0.25))
    outputs.step(Decision(1.0), framed(halves(BLUE, BLUE)))
    outputs.step(Decision(2.0, fire=True), framed(halves(GREEN, GREEN)))
    outputs.step(Decision(9.0), framed(halves(RED, RED)))
    run_until_idle(outputs)
    strip = next(folder.glob("*-strip.jpg"))
    assert is_coloured(np.asarray(cv2.imread(str(strip))), BLUE)
