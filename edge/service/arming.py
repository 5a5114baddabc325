"""Whether the gate is armed: only while the command, the switch and the schedule all allow it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from gpiozero import InputDevice

from edge.outputs.gpio_output import opening
from edge.service.event_log import until
from edge.settings import ArmingSettings

log = logging.getLogger(__name__)

MINUTE_S = 60
LONGEST_MIN = 3 * 24 * 60
"""No schedule stays as it is for longer, though a change of the clock may skip a day's window."""


class Arming:
    """What arms and disarms the gate. After the start no command disarms it.

    Args:
        wall_clock: the system's time in seconds since 1970.

    Attributes:
        disarmed_by_command: True from the command ``disarm`` until the command ``arm``.
    """

    def __init__(self, wall_clock: Callable[[], float] = time.time) -> None:
        self.disarmed_by_command = False
        self.settings = ArmingSettings()
        self._wall_clock = wall_clock
        self._switch: InputDevice | None = None
        self._switch_works = True

    def open(self, settings: ArmingSettings) -> None:
        """Take settings, and open the switch's pin in place of the pin opened before.

        Raises:
            OutputError: there is no GPIO here, or the pin can't be opened.
        """
        self.close()
        if settings.switch_pin is not None:
            with opening("", settings.switch_pin, "arming.switch_pin"):
                self._switch = InputDevice(settings.switch_pin, pull_up=True)
        self.settings = settings

    def close(self) -> None:
        """Free the switch's pin; may be called more than once."""
        if self._switch is not None:
            self._switch.close()
            self._switch = None

    @property
    def disarmed_by(self) -> tuple[str, ...]:
        """What disarms the gate now: ``command``, ``switch``, ``schedule``; empty if it is armed.

        The schedule follows the clock on the wall, whatever happens to that.
        """
        window = self.settings.window
        if window is not None:
            time.tzset()  # the time zone may have been changed
        allowed = {
            "command": not self.disarmed_by_command,
            "switch": self._is_switch_on(),
            "schedule": window is None or _is_in(window, self._wall_clock()),
        }
        return tuple(name for name, allows in allowed.items() if not allows)

    @property
    def until(self) -> str | None:
        """When the schedule will arm or disarm the gate next, as local time with its offset
        (RFC 3339); None if it will not, unless somebody else does so before."""
        window = self.settings.window
        if window is None or self.disarmed_by not in {(), ("schedule",)}:
            return None
        this_minute = int(self._wall_clock()) // MINUTE_S * MINUTE_S
        active = _is_in(window, this_minute)
        for minutes in range(1, LONGEST_MIN):
            moment = this_minute + minutes * MINUTE_S
            if _is_in(window, moment) != active:
                return datetime.fromtimestamp(moment).astimezone().isoformat()
        return None

    def report(self) -> Mapping[str, Any]:
        """Return the state, for JSON."""
        disarmed_by = self.disarmed_by
        return {"armed": not disarmed_by, "disarmed_by": [*disarmed_by], "until": self.until}

    def _is_switch_on(self) -> bool:
        if self._switch is None:
            return True
        try:
            to_ground = bool(self._switch.is_active)
        except Exception as error:  # noqa: BLE001  (each pin library has errors of its own)
            if self._switch_works:
                log.warning("arming.switch_pin: can't be read, so the gate is disarmed: %s", error)
            self._switch_works = False
            return False
        self._switch_works = True
        return to_ground == (self.settings.switch_level == "low")


def _is_in(window: tuple[int, int], moment: float) -> bool:
    """Tell whether a moment, in seconds since 1970, is in a window of minutes of the local day."""
    local = time.localtime(moment)
    minute = local.tm_hour * 60 + local.tm_min
    start, end = window
    return start <= minute < end if start < end else not end <= minute < start


def in_words(report: Mapping[str, Any]) -> str:
    """Return what a report says of arming, for people; empty if it says nothing."""
    if "armed" not in report:  # of another version
        return ""
    words = "armed" if report["armed"] else f"disarmed by {', '.join(report['disarmed_by'])}"
    return words + until(report)
