"""How the board itself feels: temperature, and what the Raspberry Pi's firmware holds back."""

from __future__ import annotations

import logging
import math
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

log = logging.getLogger(__name__)

PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6
ZONES = Path("/sys/class/thermal")

THROTTLED = {
    0: "the supply's voltage is too low: use the board's own power supply and a short cable",
    1: "the processor is slowed because of heat or voltage",
    2: "the processor is throttled because of heat or voltage",
    3: "the processor is near its temperature limit",
}
"""What the low bits of the firmware's get_throttled mean (Raspberry Pi documentation, "OS", 4.)."""

SINCE_START = {
    16: "the supply's voltage was too low",
    17: "the processor was slowed",
    18: "the processor was throttled",
    19: "the processor was near its temperature limit",
}
"""What its high bits mean."""


class Health(Struct, frozen=True):
    """A reading.

    Attributes:
        temperature_c: of the hottest part, in degrees Celsius; None where the kernel does not know.
        throttled: bits of the firmware's ``get_throttled``, those of now in 0-3, those since the
            start in 16-19; None on no Raspberry Pi.
    """

    temperature_c: float | None
    throttled: int | None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the firmware holds back now, in words."""
        return self._words(THROTTLED)

    @property
    def since_start(self) -> tuple[str, ...]:
        """What the firmware has held back at some time since the board's start, in words."""
        return self._words(SINCE_START)

    def _words(self, meanings: Mapping[int, str]) -> tuple[str, ...]:
        return tuple(words for bit, words in meanings.items() if (self.throttled or 0) >> bit & 1)


def read_health(zones: Path = ZONES) -> Health:
    """Read the board's sensors; takes some 10 ms."""
    return Health(_temperature(zones), _throttled())


def _temperature(zones: Path) -> float | None:
    read = []
    for zone in zones.glob("thermal_zone*/temp"):
        with suppress(OSError, ValueError):  # a zone may be switched off
            read.append(int(zone.read_text()) / 1000.0)
    return max(read, default=None)


def _throttled() -> int | None:
    try:
        said = subprocess.run(
            ["vcgencmd", "get_throttled"],  # noqa: S607  (its place differs between releases)
            capture_output=True,
            timeout=2.0,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    bits = re.search(rb"throttled=(0x[0-9a-fA-F]+)", said)
    return int(bits[1], 16) if bits else None


def held_mb() -> float:
    """Return the memory that this process holds for itself, in MB: what it has of files does not
    count, as the kernel can drop that."""
    _, resident, of_files, *_ = map(int, Path("/proc/self/statm").read_text().split())
    return (resident - of_files) * PAGE_MB


class BoardWatch:
    """Reads the board's sensors now and then, in a thread of its own, and warns of what is new,
    of the same at most every ``AGAIN_S``: a poor supply comes and goes.

    Attributes:
        health: the last reading.
        hot: True from ``hot_c`` on until it is ``COOLER_C`` cooler.
    """

    EVERY_S = 10.0
    AGAIN_S = 3600.0
    COOLER_C = 5.0

    def __init__(self, hot_c: float, read: Callable[[], Health] = read_health) -> None:
        self.hot_c = hot_c
        self.health = Health(None, None)
        self.hot = False
        self._read = read
        self._warned_at: dict[str, float] = {}
        self._ended = threading.Event()
        threading.Thread(target=self._watch, name="board", daemon=True).start()

    def close(self) -> None:
        """End the thread, at its next look."""
        self._ended.set()

    def _watch(self) -> None:
        while not self._ended.is_set():
            try:
                self.take(self._read())
            except Exception:
                log.exception("board")
            self._ended.wait(self.EVERY_S)

    def take(self, health: Health) -> None:
        """Take a reading."""
        for words in health.warnings:
            if words not in self.health.warnings:
                self._warn(words)
        self.health = health
        degrees = health.temperature_c
        hot = degrees is not None and degrees >= self.hot_c - self.COOLER_C * self.hot
        if hot and not self.hot:
            self._warn("hot: a live camera is judged less often", f"{degrees} degrees Celsius, ")
        elif self.hot and not hot:
            log.info("board: %s degrees Celsius, cool again", degrees)
        self.hot = hot

    def _warn(self, words: str, before: str = "") -> None:
        now = time.monotonic()
        if now - self._warned_at.get(words, -math.inf) >= self.AGAIN_S:
            self._warned_at[words] = now
            log.warning("board: %s%s", before, words)
