from __future__ import annotations

import grp
import os
import re
import stat
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import ConfigError
from edge.values import Decision, Frame, Grey
from tests.edge.outputs.harness import FIRE, EventLog, Opened, fire_and_close
from tests.edge.outputs.snapshot_files import (
    BLUE,
    GREEN,
    HEIGHT,
    RED,
    WHITE,
    WIDTH,
    album,
    framed,
    halves,
    is_coloured,
    names,
    pictures,
)
from tests.waiting import wait_until


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A time zone nine hours from UTC."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()


def test_the_frame_that_fired_is_saved_in_its_colours(
    opened: Opened, events: EventLog, folder: Path, frame: Frame
) -> None:
    outputs = opened(album(folder))
    fired = outputs.step(FIRE, frame)
    assert [event.facts for event in fired] == [{"output": "album", "face": 1}]
    outputs.step(Decision(12.6), framed(halves(GREEN, GREEN)))
    wait_until(lambda: outputs.idle)
    (saved,) = pictures(folder)
    assert events.names == ["saved"]
    assert events[0].facts == {"output": "album", "file": str(saved), "face": 1}
    assert 12.5 < events[0].time < 17.5
    picture = np.asarray(cv2.imread(str(saved), cv2.IMREAD_UNCHANGED), np.uint8)
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert is_coloured(picture[:, : WIDTH // 2], BLUE)
    assert is_coloured(picture[:, WIDTH // 2 :], RED)


def test_the_frame_is_not_kept_while_the_picture_is_saved(opened: Opened, folder: Path) -> None:
    outputs = opened(album(folder))
    frame = framed(halves(GREEN, RED))
    outputs.step(FIRE, frame)
    assert sys.getrefcount(frame) == 2  # ours and that of the call: a camera has few
    wait_until(lambda: outputs.idle)
    assert len(pictures(folder)) == 1


@pytest.mark.parametrize("with_main", [True, False])
def test_a_grey_frame_is_saved_in_grey(
    opened: Opened, folder: Path, collins: Grey, with_main: bool
) -> None:
    frame = Frame(0, 12.5, collins, (lambda: collins) if with_main else None)
    fire_and_close(opened(album(folder)), frame)
    saved = np.asarray(cv2.imread(str(pictures(folder)[0]), cv2.IMREAD_UNCHANGED), np.uint8)
    assert saved.shape == collins.shape
    assert np.abs(saved.astype(int) - collins).mean() < 3


def test_a_better_quality_takes_more_room(opened: Opened, tmp_path: Path, collins: Grey) -> None:
    sizes = []
    for quality in (20, 95):
        folder = tmp_path / str(quality)
        fire_and_close(opened(album(folder, quality=quality)), Frame(0, 12.5, collins))
        sizes.append(pictures(folder)[0].stat().st_size)
    assert sizes[0] * 2 < sizes[1]


@pytest.mark.usefixtures("far_east")
def test_a_picture_is_named_after_the_local_time(
    opened: Opened, folder: Path, frame: Frame
) -> None:
    outputs = opened(album(folder))
    before = datetime.now().astimezone()
    fire_and_close(outputs, frame)
    after = datetime.now().astimezone()
    assert before.utcoffset() == timedelta(hours=9)
    (name,) = names(folder)
    assert re.fullmatch(r"smile-\d{8}-\d{6}-\d{3}\.jpg", name)
    taken = datetime.strptime(f"{name} +0900", "smile-%Y%m%d-%H%M%S-%f.jpg %z")
    assert before - timedelta(milliseconds=1) <= taken <= after


def test_only_the_owner_can_ever_read_pictures(
    opened: Opened, tmp_path: Path, frame: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "deep" / "album"
    at_first = []

    def chown(path: Path, owner: int, group: int) -> None:
        at_first.append(stat.S_IMODE(path.stat().st_mode))
        give(path, owner, group)

    give = os.chown
    monkeypatch.setattr(os, "chown", chown)
    before = os.umask(0)
    try:
        outputs = opened(album(folder, strip=2))
        outputs.step(Decision(12.0), frame)
        fire_and_close(outputs, frame)
    finally:
        os.umask(before)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, *pictures(folder))]
    assert modes == at_first == [0o700, 0o600, 0o600]


@pytest.mark.parametrize(
    ("mode", "file", "made"),
    [("0640", 0o640, 0o750), ("604", 0o604, 0o705), ("0400", 0o400, 0o700)],
)
def test_others_can_read_pictures_if_the_settings_say_so(
    opened: Opened, folder: Path, frame: Frame, mode: str, file: int, made: int
) -> None:
    before = os.umask(0o077)
    try:
        fire_and_close(opened(album(folder, mode=mode)), frame)
    finally:
        os.umask(before)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, *pictures(folder))]
    assert modes == [made, file]


def test_a_folder_that_is_there_stays_as_it_is(opened: Opened, folder: Path, frame: Frame) -> None:
    folder.mkdir(mode=0o700)
    fire_and_close(opened(album(folder, mode="0644")), frame)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("other", [True, False])
def test_pictures_get_their_group(opened: Opened, folder: Path, frame: Frame, other: bool) -> None:
    group, settings = os.getegid(), {}
    if other:
        numbers = [each.gr_gid for each in grp.getgrall()] if os.geteuid() == 0 else os.getgroups()
        group = next(number for number in [*numbers, group] if number != os.getegid())
        settings = {"group": grp.getgrgid(group).gr_name}
    fire_and_close(opened(album(folder, **settings)), frame)
    owners = [(each.st_uid, each.st_gid) for each in map(Path.stat, [folder, *pictures(folder)])]
    assert owners == [(os.geteuid(), group)] * 2


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("nobody here", "expected a group of this machine, got 'nobody here'"),
        (
            "root",
            "expected a group that this user is in, got 'root': leave it out, and give the folder "
            "that group and the setgid bit (docs/outputs.md)",
        ),
    ],
)
def test_a_group_that_this_process_cannot_give(
    opened: Opened, folder: Path, group: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, answer in {"geteuid": 1000, "getegid": 1000, "getgroups": [1000]}.items():
        monkeypatch.setattr(os, name, lambda answer=answer: answer)
    with pytest.raises(ConfigError, match=re.escape(f"outputs.album.group: {expected}") + "$"):
        opened(album(folder, group=group))


def test_the_strip_shows_the_frames_before_side_by_side(
    opened: Opened, events: EventLog, folder: Path
) -> None:
    outputs = opened(album(folder, strip=3, strip_s=0.25))
    shown = {0.25: RED, 0.5: BLUE, 0.75: GREEN, 1.0: RED}
    for eighth in range(10):  # every other one is too soon after the one before
        colour = shown.get(eighth / 8, WHITE)
        outputs.step(Decision(eighth / 8), framed(halves(colour, colour), eighth / 8))
    outputs.step(Decision(1.25, fire=True), framed(halves(BLUE, RED), 1.25))
    outputs.step(Decision(9.0), framed(halves(WHITE, WHITE), 9.0))
    wait_until(lambda: outputs.idle)
    strip_path, path = pictures(folder)
    assert strip_path.name == f"{path.stem}-strip.jpg"
    strip = np.asarray(cv2.imread(str(strip_path)), np.uint8)
    width = WIDTH * 240 // HEIGHT
    assert strip.shape == (240, 3 * width, 3)
    for index, colour in enumerate((BLUE, GREEN, RED)):
        assert is_coloured(strip[:, index * width : (index + 1) * width], colour)
    assert events.names == ["saved"]
    assert events[0].facts["file"] == str(path)
    first = np.asarray(cv2.imread(str(path)), np.uint8)
    assert is_coloured(first[:, : WIDTH // 2], BLUE)
    assert is_coloured(first[:, WIDTH // 2 :], RED)


def test_a_strip_of_grey_and_coloured_frames(opened: Opened, folder: Path) -> None:
    outputs = opened(album(folder, strip=8, strip_s=0.25))
    outputs.step(Decision(0.0), Frame(0, 0.0, np.full((HEIGHT, WIDTH), 128, np.uint8)))
    outputs.step(Decision(0.25), framed(halves(GREEN, GREEN), 0.25))
    outputs.step(Decision(0.375, fire=True), framed(halves(BLUE, RED), 0.375))
    wait_until(lambda: outputs.idle)
    strip = np.asarray(cv2.imread(str(pictures(folder)[0])), np.uint8)
    width = WIDTH * 240 // HEIGHT
    assert strip.shape == (240, 2 * width, 3)
    assert is_coloured(strip[:, :width], (128, 128, 128))
    assert is_coloured(strip[:, width:], GREEN)


def test_nothing_is_written_when_nothing_fires(
    opened: Opened, events: EventLog, folder: Path, frame: Frame
) -> None:
    outputs = opened(album(folder, strip=3))
    for index in range(5):
        outputs.step(Decision(float(index), smiling=True, score=0.9), frame)
    outputs.close()
    assert names(folder) == []
    assert events == []


def test_a_firing_without_a_frame_saves_nothing(
    opened: Opened, events: EventLog, folder: Path
) -> None:
    fire_and_close(opened(album(folder)))
    assert names(folder) == []
    assert events == []


def test_a_strip_has_no_frame_from_before_the_output_was_made_safe(
    opened: Opened, folder: Path, frame: Frame
) -> None:
    outputs = opened(album(folder, strip=2))
    outputs.step(Decision(1.0), frame)
    outputs.set_armed(False)
    outputs.set_armed(True)
    fire_and_close(outputs, frame)
    assert len(pictures(folder)) == 1


def test_a_strip_goes_on_while_there_are_too_many_firings(
    opened: Opened, folder: Path, frame: Frame
) -> None:
    outputs = opened(album(folder, strip=2))
    for at in range(5):
        outputs.step(Decision(float(at), too_many=True), frame)
    fire_and_close(outputs, frame)
    strip = cv2.imread(str(pictures(folder)[0]))
    assert strip is not None
    assert strip.shape == (240, 2 * WIDTH * 240 // HEIGHT, 3)


def test_a_frame_is_as_bright_in_the_strip_however_narrow(opened: Opened, folder: Path) -> None:
    outputs = opened(album(folder, strip=1))
    grey = np.zeros((960, 1), np.uint8)
    grey[::4] = 255
    line = Frame(0, 1.0, grey)
    outputs.step(Decision(1.0), line)
    fire_and_close(outputs, line)
    strip = cv2.imread(str(pictures(folder)[0]))
    assert strip is not None
    assert strip.shape == (240, 1, 3)
    assert strip.mean() == pytest.approx(255 / 4, abs=2)
