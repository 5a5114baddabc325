"""The health of the board: temperature, throttling by the Raspberry Pi's firmware, memory."""

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
"""The low bits of the firmware's get_throttled (Raspberry Pi documentation, "OS", 4.)."""

SINCE_START = {
    16: "the supply's voltage was too low",
    17: "the processor was slowed",
    18: "the processor was throttled",
    19: "the processor was near its temperature limit",
}
"""The high bits of the firmware's get_throttled."""


class Health(Struct, frozen=True):
    """A reading of the board's sensors.

    Attributes:
        temperature_c: of the hottest part, in degrees Celsius; None where the kernel has no sensor.
        throttled: bits of the firmware's ``get_throttled``: 0-3 for now, 16-19 for any time since
            the start; None on a board that is no Raspberry Pi.
    """

    temperature_c: float | None
    throttled: int | None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What throttles the board now, in words."""
        return self._words(THROTTLED)

    @property
    def since_start(self) -> tuple[str, ...]:
        """What has throttled the board at any time since its start, in words."""
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
        answer = subprocess.check_output(
            ["vcgencmd", "get_throttled"],  # noqa: S607  (its place differs between releases)
            stderr=subprocess.DEVNULL,
            timeout=2.0,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    bits = re.search(rb"throttled=(0x[0-9a-fA-F]+)", answer)
    return int(bits[1], 16) if bits else None


def private_mb() -> float:
    """Return the resident memory of this process in MB, without the pages of files, which the
    kernel can drop."""
    _, resident, of_files, *_ = map(int, Path("/proc/self/statm").read_text().split())
    return (resident - of_files) * PAGE_MB


class BoardWatch:
    """Reads the board's sensors periodically, in a thread of its own, and logs a warning of each
    new problem; of the same problem at most every ``again_s``, as a poor supply comes and goes.

    Args:
        hot_c: the temperature that counts as hot, in degrees Celsius.
        read: reads the sensors.
        every_s: how often the sensors are read, in seconds.
        again_s: how soon a warning may be repeated, in seconds.

    Attributes:
        health: the last reading.
        hot: True from ``hot_c`` on until it is ``COOLER_C`` cooler.
    """

    COOLER_C = 5.0

    def __init__(
        self,
        hot_c: float,
        read: Callable[[], Health] = read_health,
        *,
        every_s: float = 10.0,
        again_s: float = 3600.0,
    ) -> None:
        self.hot_c = hot_c
        self.health = Health(None, None)
        self.hot = False
        self._read = read
        self._every_s = every_s
        self._again_s = again_s
        self._warned_at: dict[str, float] = {}
        self._ended = threading.Event()
        threading.Thread(target=self._watch, name="board", daemon=True).start()

    def close(self) -> None:
        """End the thread, after the reading under way."""
        self._ended.set()

    def _watch(self) -> None:
        while not self._ended.is_set():
            try:
                self.update(self._read())
            except Exception:
                log.exception("board")
            self._ended.wait(self._every_s)

    def update(self, health: Health) -> None:
        """Take a new reading."""
        for words in health.warnings:
            if words not in self.health.warnings:
                self._warn(words)
        self.health = health
        celsius = health.temperature_c
        hot = celsius is not None and celsius >= self.hot_c - self.COOLER_C * self.hot
        if hot and not self.hot:
            self._warn("hot: a live camera is judged less often", f"{celsius} degrees Celsius, ")
        elif self.hot and not hot:
            log.info("board: %s degrees Celsius, cool again", celsius)
        self.hot = hot

    def _warn(self, words: str, before: str = "") -> None:
        now = time.monotonic()
        if now - self._warned_at.get(words, -math.inf) >= self._again_s:
            self._warned_at[words] = now
            log.warning("board: %s%s", before, words)
