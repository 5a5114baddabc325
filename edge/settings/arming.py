"""When smiles may fire the outputs."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from edge.errors import ConfigError
from edge.settings.outputs import Pin

DAY_MIN = 24 * 60
WINDOW = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]|24(?=:00)):([0-5]\d)")


class ArmingSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[arming]: when smiles may fire the outputs.

    Attributes:
        active: when the gate is armed each day, in local time, as "08:00-20:00"; "22:00-06:00" is
            over midnight; empty: always.
        switch_pin: BCM number of the pin of a switch to ground that arms the gate.
        switch_level: level of that pin at which the gate is armed: low for a contact that is
            closed, high for an open contact. Why: a broken wire disarms.
    """

    active: str = ""
    switch_pin: Pin | None = None
    switch_level: Literal["low", "high"] = "low"

    def __post_init__(self) -> None:
        if self.active and (self.window is None or len({*self.window}) == 1):
            raise ConfigError(
                f"expected two different times of day as 08:00-20:00, got {self.active!r}",
                "active",
            )

    @property
    def window(self) -> tuple[int, int] | None:
        """First minute of the day in which the gate is armed, and the first in which it is not any
        more, which is before the other over midnight; None for always."""
        match = WINDOW.fullmatch(self.active)
        if match is None:
            return None
        hour, minute, last_hour, last_minute = map(int, match.groups())
        return hour * 60 + minute, (last_hour * 60 + last_minute) % DAY_MIN
