"""What this device is called, and what the gate does when its board gets hot."""

from __future__ import annotations

import socket
from typing import Annotated

from msgspec import Meta, Struct


class BoardSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[board]: what this device is called, and what the gate does when its board gets hot.

    Attributes:
        name: name of this device in events and status. Why: the host name.
        hot_c: fewer frames are processed at this temperature or above, degrees Celsius. Why: a
            Raspberry Pi slows itself down from 80 on.
        hot_fps: most frames per second to process at that temperature. Why: smiles last longer than
            the 0.1 s between two frames.
    """

    name: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    hot_c: Annotated[float, Meta(ge=40, le=120)] = 78.0
    hot_fps: Annotated[float, Meta(ge=1, le=240)] = 10.0

    @property
    def device(self) -> str:
        """Name of this device: ``name``, or the host name."""
        return self.name or socket.gethostname()
