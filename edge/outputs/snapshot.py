"""A JPEG of the frame that fired or of the best frame after it, on a card that must not fill up."""

from __future__ import annotations

import grp
import logging
import math
import os
import re
import shutil
import stat
import time as clock
from collections import deque
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
from msgspec.structs import replace

from edge.atomic_file import written
from edge.errors import ConfigError
from edge.outputs.best_moment import BestMoment
from edge.outputs.faults import Faults, Listen
from edge.outputs.output import Firing
from edge.outputs.queued_output import QueuedOutput
from edge.settings import SnapshotSettings
from edge.values import Decision, Frame, Picture

log = logging.getLogger(__name__)

MB = 1_000_000
DAY_S = 86_400.0
HALF_WRITTEN = (".smile-", ".part")  # prefix and suffix
OURS = re.compile(r"smile-\d{8}-\d{6}-\d{3}(-strip)?\.jpg")


class Snapshot(QueuedOutput):
    """Saves the frame that fired, or the best until ``best_of_s`` later, as
    ``smile-YYYYmmdd-HHMMSS-mmm.jpg`` (local time), and the frames before the firing side by side as
    ``...-strip.jpg``. A file appears whole or not at all, with its ``mode`` and ``group``. Old
    pictures are deleted by age and by the folder's size; files of other names are never touched.

    Raises:
        ConfigError: there is no such group here, or this process may not give files to it.
    """

    QUEUE_SIZE = 4
    MAINTAIN_S = 600.0
    STRIP_HEIGHT = 240
    JUMP_S, DISTRUST_S = 60.0, 3600.0
    """For ``DISTRUST_S`` after the clock jumped by more than ``JUMP_S``, no picture is too old:
    a clock set wrongly for a moment would cost all pictures."""

    def __init__(
        self, name: str, settings: SnapshotSettings, listen: Listen, faults: Faults
    ) -> None:
        super().__init__(name, listen, faults)
        self._settings = settings
        self._folder = Path(settings.folder).absolute()
        self._mode = int(settings.mode, 8)
        self._group = -1 if settings.group is None else _group_id(name, settings.group)
        self._best: BestMoment | None = None  # from a firing until its picture is chosen
        self._strip: deque[Picture] = deque(maxlen=settings.strip)
        self._strip_time = -math.inf
        self._saved: dict[str, int] = {}  # names of the pictures since the start, numbered
        self._strangers: set[str] = set()  # names in the form of a picture's that are no files
        self._clock_ahead = self.wall_clock() - clock.monotonic()
        self._clock_jumped = -math.inf
        self.start()

    def process_frame(self, decision: Decision, frame: Frame | None) -> None:
        due = decision.time - self._strip_time >= self._settings.strip_s
        if self._settings.strip and frame is not None and due:
            self._strip_time = decision.time
            self._strip.append(_small(frame, self.STRIP_HEIGHT))
        best = self._best
        if best is not None and (frame is None or decision.time > best.latest):
            self._choose()
        elif best is not None and frame is not None and decision.time > best.firing.time:
            best.consider(decision, frame)

    def fire(self, firing: Firing) -> bool:
        """Save the frame or the best after it, and the strip of the frames until now."""
        self._choose()
        frame = firing.frame
        if frame is None:
            return super().fire(firing)
        firing = replace(firing, frame=None, pictures=(frame.picture, *self._strip))
        if not self._settings.best_of_s:
            return super().fire(firing)
        with self._lock:
            if not self._stopped:
                self._best = BestMoment(firing, frame, self._settings.best_of_s)
            return not self._stopped

    def _choose(self) -> None:
        with self._lock:
            best, self._best = self._best, None
        if best is not None:
            super().fire(best.chosen)

    @property
    def idle(self) -> bool:
        return self._best is None and super().idle

    def safe(self) -> None:
        with self._lock:
            self._best = None
            super().safe()

    def handle(self, firing: Firing) -> None:
        if not firing.pictures:
            return
        picture, *before = firing.pictures
        stem = f"smile-{datetime.now().astimezone():%Y%m%d-%H%M%S-%f}"[:-3]
        pictures = {f"{stem}.jpg": picture}
        if before:
            pictures[f"{stem}-strip.jpg"] = np.hstack(before)
        try:
            self._make_folder()
            for name, picture in pictures.items():
                self._save(name, picture)
        except OSError as error:
            raise self.error(f"to save a picture in {self._folder}", str(error.strerror)) from error
        self.send_event("saved", firing, file=str(self._folder / f"{stem}.jpg"), **firing.told)
        self.maintain()

    def _save(self, name: str, picture: Picture) -> None:
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, self._settings.quality])
        self._check_room(data.nbytes)
        with written(data.tobytes(), self._folder, *HALF_WRITTEN) as half:
            os.chown(half, -1, self._group)
            half.chmod(self._mode)
            half.rename(self._folder / name)
        self._saved[name] = len(self._saved)

    def maintain(self) -> None:
        """Delete pictures that are too old or too many, and those a power cut left half written.

        Raises:
            OutputError: the folder can't be made or read, a file can't be deleted, or too little
                room is free.
        """
        try:
            self._make_folder()
            self._prune()
            self._check_room(0)
        except OSError as error:
            expected = f"the folder {self._folder} to be usable"
            raise self.error(expected, str(error.strerror)) from error

    def _make_folder(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True)
        except FileExistsError:
            if not self._folder.is_dir():
                raise
        else:
            os.chown(self._folder, -1, self._group)
            self._folder.chmod(0o700 | self._mode | self._mode >> 2 & 0o111)

    def wall_clock(self) -> float:
        """Return the system's time in seconds since 1970."""
        return clock.time()

    def free_bytes(self, folder: Path) -> int:
        """Return how much room is free where a folder is."""
        return shutil.disk_usage(folder).free

    def _check_room(self, size: int) -> None:
        if self.free_bytes(self._folder) - size < self._settings.min_free_mb * MB:
            expected = f"{self._settings.min_free_mb:g} MB to stay free in {self._folder}"
            # Without the figure: the same fault, however much it changes.
            raise self.error(expected, "less, so nothing is saved")

    def _prune(self) -> None:
        """Delete what is not to be kept. What cannot be deleted keeps nothing else.

        Raises:
            OSError: the folder can't be read, or a picture can't be deleted.
        """
        failures = []
        oldest = self.wall_clock() - self._settings.max_age_days * DAY_S
        if not self._clock_is_trusted():
            oldest = -math.inf
        names = [path for path in self._folder.iterdir() if OURS.fullmatch(path.name)]
        size = 0.0
        for path in [
            *self._folder.glob("*".join(HALF_WRITTEN)),
            *sorted(names, key=self._age, reverse=True),  # newest first
        ]:
            try:
                status = path.lstat()
                if not stat.S_ISREG(status.st_mode):
                    self._warn_of_stranger(path)
                    continue
                half_written = path.name.startswith(HALF_WRITTEN[0])
                size += 0.0 if half_written else status.st_size
                if half_written or size > self._settings.max_mb * MB or status.st_mtime < oldest:
                    path.unlink()
            except FileNotFoundError:  # somebody else has deleted it meanwhile
                continue
            except OSError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def _warn_of_stranger(self, path: Path) -> None:
        if path.name not in self._strangers:
            self._strangers.add(path.name)
            log.warning("outputs.%s: %s is left alone: it is no file", self.name, path)

    def _age(self, path: Path) -> tuple[int, str]:
        """Return a key that sorts pictures by age: the name is the time, but pictures saved since
        the start are newer, however the clock was set meanwhile."""
        return self._saved.get(path.name, -1), path.name

    def _clock_is_trusted(self) -> bool:
        now = clock.monotonic()
        ahead, before = self.wall_clock() - now, self._clock_ahead
        self._clock_ahead = ahead
        if abs(ahead - before) > self.JUMP_S:
            self._clock_jumped = now
        return now - self._clock_jumped > self.DISTRUST_S

    def off(self) -> None:
        """Forget the frames for the next strip: there may be none for long from here on."""
        self._strip = deque(maxlen=self._settings.strip)


def _group_id(output: str, group: str) -> int:
    """Return the number of a group that this process may give files to."""
    key = f"outputs.{output}.group"
    try:
        number = grp.getgrnam(group).gr_gid
    except KeyError:
        raise ConfigError(f"expected a group of this machine, got {group!r}", key) from None
    if os.geteuid() != 0 and number not in {os.getegid(), *os.getgroups()}:
        raise ConfigError(
            f"expected a group that this user is in, got {group!r}: leave it out, and give the "
            "folder that group and the setgid bit (docs/outputs.md)",
            key,
        )
    return number


def _small(frame: Frame, height: int) -> Picture:
    picture = frame.picture
    if picture.ndim == 2:
        picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), np.uint8)
    width = max(1, round(picture.shape[1] * height / picture.shape[0]))
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
